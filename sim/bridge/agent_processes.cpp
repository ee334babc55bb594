#include "sim/bridge/agent_processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

namespace millrace {

namespace {

// After the host has said that the run is over, an agent has this long to leave.
constexpr auto kFarewell = std::chrono::seconds(3);

// REQUIRES `text` outlives the result.
std::vector<char*> argv_of(std::vector<std::string>& text) {
  std::vector<char*> argv;
  argv.reserve(text.size() + 1);
  for (auto& argument : text) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return argv;
}

// An agent that imitates a board by sleeping must wake up in time: on a busy machine an ordinary process
// would wait some milliseconds for a core each time. Its own computing is short. Where real-time priority is
// not permitted, the agent keeps its ordinary priority.
void run_before_others() {
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_RR)};
  (void)sched_setscheduler(0, SCHED_RR, &lowest);
}

}  // namespace

std::string agent_program() {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto beside = self.parent_path() / "millrace-node";
  return std::filesystem::exists(beside, ignored) ? beside.string() : "millrace-node";
}

Result<void> AgentProcesses::start(const std::string& program, const std::vector<std::string>& devices,
                                   const Endpoint& host, const std::string& scenario_sha256,
                                   const std::optional<Confined>& confined) {
  std::vector<std::string> text = {program,        "agent",
                                   "--connect",    fmt::format("{}:{}", host.address, host.port),
                                   "--local",      "--scenario-sha256",
                                   scenario_sha256};
  for (const auto& device : devices) text.insert(text.end(), {"--device", device});
  if (confined) text.insert(text.end(), {"--keys", confined->keys});
  auto argv = argv_of(text);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return Error{fmt::format("starting an agent: {}", std::strerror(errno))};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    // Ctrl-C is for the host, which says when the run is over.
    setpgid(0, 0);
    // The agent does not inherit our sockets: else a connection would stay open after we close our end. Where
    // the kernel lacks the call, they stay open until the agent ends.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (confined) run_before_others();
    if (!confined || setns(confined->network, CLONE_NEWNET) == 0) execvp(argv[0], argv.data());
    const int reason = errno;
    (void)!write(report[1], &reason, sizeof reason);
    _exit(127);
  }
  close(report[1]);
  int reason = 0;
  const bool failed =
      pid < 0 || read(report[0], &reason, sizeof reason) == static_cast<ssize_t>(sizeof reason);
  if (pid < 0) reason = errno;
  close(report[0]);
  if (failed) return Error{fmt::format("starting {}: {}", program, std::strerror(reason))};
  children_.push_back({pid, fmt::format("{}", fmt::join(devices, ", "))});
  return {};
}

Result<void> AgentProcesses::watch() {
  for (auto& child : children_) {
    int status = 0;
    if (child.pid <= 0 || waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
    child.pid = 0;
    if (WIFEXITED(status)) {
      const int code = WEXITSTATUS(status);
      const bool ours = code > 0 && code <= static_cast<int>(ExitCode::authentication);
      return Error{fmt::format("the agent of {} ended with exit code {}", child.devices, code),
                   ours ? static_cast<ExitCode>(code) : ExitCode::peer_lost};
    }
    return Error{fmt::format("the agent of {} was ended by signal {}", child.devices, WTERMSIG(status)),
                 ExitCode::peer_lost};
  }
  return {};
}

void AgentProcesses::end_now() {
  for (const auto& child : children_) {
    if (child.pid > 0) kill(child.pid, SIGKILL);
  }
}

AgentProcesses::~AgentProcesses() {
  const auto give_up = std::chrono::steady_clock::now() + kFarewell;
  for (const auto& child : children_) {
    if (child.pid <= 0) continue;
    while (waitpid(child.pid, nullptr, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > give_up) {
        kill(child.pid, SIGKILL);
        waitpid(child.pid, nullptr, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

}  // namespace millrace
