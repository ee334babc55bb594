#include "sim/sweep/cell_processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace millrace {
namespace {

// A run that was asked to end has this long to write its files.
constexpr std::chrono::seconds kFarewell{20};
constexpr std::chrono::milliseconds kNap{5};

// Runs in the child: only calls that are safe between fork and exec.
[[noreturn]] void become(char* const* argv, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
      dup2(log, STDERR_FILENO) < 0)
    _exit(127);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) signal(number, SIG_DFL);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execv("/proc/self/exe", argv);
  _exit(127);
}

}  // namespace

CellProcesses::~CellProcesses() {
  for (const Child& child : children_) kill(child.pid, SIGKILL);
  for (const Child& child : children_) {
    waitpid(child.pid, nullptr, 0);
    if (child.handle >= 0) close(child.handle);
  }
}

Result<void> CellProcesses::start(std::size_t tag, const std::vector<std::string>& arguments,
                                  const std::string& log) {
  std::vector<std::string> text = arguments;
  std::vector<char*> argv;
  argv.reserve(text.size() + 1);
  for (auto& argument : text) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Error{fmt::format("{}: cannot be written: {}", log, std::strerror(errno))};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), file, parent);
  const int reason = errno;
  close(file);
  if (pid < 0) return Error{fmt::format("starting a cell: {}", std::strerror(reason))};
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  children_.push_back({tag, pid, handle, Clock::now() + limit_});
  return {};
}

void CellProcesses::interrupt() {
  for (Child& child : children_) {
    kill(child.pid, SIGINT);
    child.asked = true;
    child.give_up = Clock::now() + kFarewell;
  }
}

void CellProcesses::enforce_limits() {
  for (Child& child : children_) {
    if (Clock::now() < child.give_up) continue;
    kill(child.pid, child.asked ? SIGKILL : SIGINT);
    if (!child.asked) child.overdue = true;
    child.asked = true;
    child.give_up = Clock::now() + kFarewell;
  }
}

std::optional<EndedProcess> CellProcesses::reap() {
  for (auto child = children_.begin(); child != children_.end(); ++child) {
    int status = 0;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid) continue;
    EndedProcess ended{child->tag, std::nullopt, std::nullopt, child->overdue};
    if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    if (child->handle >= 0) close(child->handle);
    children_.erase(child);
    return ended;
  }
  return std::nullopt;
}

void CellProcesses::sleep_until_one_ends(std::chrono::milliseconds patience) const {
  std::vector<pollfd> handles;
  for (const Child& child : children_) {
    if (child.handle >= 0) handles.push_back({child.handle, POLLIN, 0});
  }
  if (handles.size() != children_.size()) {
    std::this_thread::sleep_for(std::min(patience, kNap));
  } else {
    poll(handles.data(), handles.size(), static_cast<int>(patience.count()));  // a signal ends it early
  }
}

std::optional<EndedProcess> CellProcesses::wait(std::chrono::milliseconds patience) {
  if (auto ended = reap()) return ended;
  if (children_.empty()) return std::nullopt;
  sleep_until_one_ends(patience);
  enforce_limits();
  return reap();
}

}  // namespace millrace
