// Runs verbs of `millrace` for mutate_scenarios.py, each in a process forked from this one, so that a verb
// does not pay for a program's start and a signal belongs to one input. A line of stdin is a verb's arguments
// with tabs between; a line of stdout tells how it ended:
//
//   exit CODE SECONDS      it returned
//   signal NUMBER SECONDS  it died
//   late 0 SECONDS         it exceeded the limit of processor time, and then Ctrl-C ended it
//   hung 0 SECONDS         it exceeded the limit, and Ctrl-C did not end it
//
// SECONDS is processor time, which other programs on the machine do not change.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/version.hpp"
#include "sim/cli/verb.hpp"

namespace {

using namespace millrace;

constexpr rlim_t kMemory = rlim_t{8} << 30;

[[noreturn]] void become(std::vector<std::string> words, const char* output) {
  const int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) _exit(99);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // sanitizers reserve terabytes
  const rlimit memory{kMemory, kMemory};
  setrlimit(RLIMIT_AS, &memory);
#endif
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  words.insert(words.begin(), "millrace");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  CLI::App app{"millrace"};
  const std::vector<Verb> verbs{add_run_verb(app, words), add_plan_verb(app, words),
                                add_validate_verb(app, words)};
  const int code = run_program(app, verbs, static_cast<int>(arguments.size()), arguments.data());
  std::fflush(nullptr);
  _exit(code);
}

// Processor time of a running process, from /proc.
double processor_s(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Waits until `limit_s` of processor time (or ten times as long by the clock) is used.
bool ended(pid_t process, double limit_s, int& status, rusage& used) {
  using Clock = std::chrono::steady_clock;
  const auto late = Clock::now() + std::chrono::duration<double>(10 * limit_s);
  while (wait4(process, &status, WNOHANG, &used) == 0) {
    if (processor_s(process) > limit_s || Clock::now() > late) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

void serve(const std::vector<std::string>& words, double limit_s, const char* output) {
  const pid_t process = fork();
  if (process < 0) std::exit(1);
  if (process == 0) become(words, output);
  int status = 0;
  rusage used{};
  const char* end = nullptr;
  if (!ended(process, limit_s, status, used)) {
    end = "late";
    kill(process, SIGINT);
    if (!ended(process, limit_s + 3, status, used)) {
      end = "hung";
      kill(process, SIGKILL);
      wait4(process, &status, 0, &used);
    }
  }
  const double took = seconds(used.ru_utime) + seconds(used.ru_stime);
  if (end != nullptr)
    std::printf("%s 0 %.3f\n", end, took);
  else if (WIFSIGNALED(status))
    std::printf("signal %d %.3f\n", WTERMSIG(status), took);
  else
    std::printf("exit %d %.3f\n", WEXITSTATUS(status), took);
  std::fflush(stdout);
}

}  // namespace

// verb_server LIMIT_S OUTPUT: a verb's output is in the file OUTPUT until the next verb runs.
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; std::getline(in, word, '\t');) words.push_back(word);
    serve(words, std::strtod(argv[1], nullptr), argv[2]);
  }
  return 0;
}
