#include "sim/links/network_namespace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace millrace {
namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

Error not_permitted(const std::string& attempt, int error) {
  return {
      fmt::format("{}: {}{}", attempt, std::strerror(error),
                  error == EPERM ? "; links between network namespaces (run.links: netns) need root" : "")};
}

// Writes the whole text to a pipe and closes it; a reader that has gone is noticed by its exit code.
void write_all(int to, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const auto n = write(to, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  close(to);
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const auto n = read(from, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  close(from);
  return text;
}

}  // namespace

Result<NetworkNamespace> NetworkNamespace::create() {
  int handle = -1, error = 0;
  // A thread's namespace is its own until it ends; the handle keeps what it made.
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      error = errno;
      return;
    }
    handle = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
    if (handle < 0) error = errno;
  }).join();
  if (handle < 0) return not_permitted("making a network namespace", error);
  return NetworkNamespace(handle);
}

Result<NetworkNamespace> NetworkNamespace::current() {
  const int handle = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  if (handle < 0) return not_permitted("opening this thread's network namespace", errno);
  return NetworkNamespace(handle);
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : handle_(std::exchange(other.handle_, -1)) {}

NetworkNamespace& NetworkNamespace::operator=(NetworkNamespace&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

NetworkNamespace::~NetworkNamespace() {
  if (handle_ >= 0) close(handle_);
}

std::string NetworkNamespace::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), handle_); }

Result<void> NetworkNamespace::enter() const {
  if (setns(handle_, CLONE_NEWNET) != 0) return not_permitted("entering a network namespace", errno);
  return {};
}

Result<void> NetworkNamespace::within(const std::function<Result<void>()>& work) const {
  Result<void> result;
  std::thread([&] {
    result = enter();
    if (result) result = work();
  }).join();
  return result;
}

int write_setting(const std::string& name, const std::string& value) {
  const int file = open(("/proc/sys/" + name).c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const auto written = write(file, value.data(), value.size());
  const int error = written < 0 ? errno : 0;
  close(file);
  return error;
}

Result<void> run_ip_commands(const std::string& commands) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return Error{fmt::format("starting ip: {}", std::strerror(errno))};
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    return Error{fmt::format("starting ip: {}", std::strerror(errno))};
  }
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(out[1], STDERR_FILENO);
    execlp("ip", "ip", "-batch", "-", nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  write_all(in[1], commands);
  const auto said = read_all(out[0]);
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return Error{"starting ip: it cannot be started"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return Error{"starting ip: it is not there; install the package iproute2"};
  if (status == 0) return {};
  return Error{fmt::format("setting up links with ip: {}", said.substr(0, said.find('\n')))};
}

}  // namespace millrace
