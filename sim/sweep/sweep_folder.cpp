#include "sim/sweep/sweep_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "runtime/base/output_file.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// The process that holds the lock, as far as the lock file says.
std::string owner_of(int lock) {
  char text[200] = {};
  const auto size = pread(lock, text, sizeof text - 1, 0);
  std::string owner(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return owner.empty() ? "another process" : owner;
}

void write_owner(int lock) {
  char host[128] = {};
  gethostname(host, sizeof host - 1);
  const auto text = fmt::format("process {} on {}\n", getpid(), host);
  (void)!ftruncate(lock, 0);
  (void)!pwrite(lock, text.data(), text.size(), 0);
}

}  // namespace

Result<SweepFolder> SweepFolder::open(const std::string& path) {
  std::error_code error;
  for (const char* part : {"runs", "logs"}) {
    const auto folder = fs::path(path) / part;
    fs::create_directories(folder, error);
    if (error) return Error{fmt::format("{}: cannot be made: {}", folder.string(), error.message())};
  }
  // The kernel releases the lock when the process ends, however it ends, so it cannot be left behind.
  const auto name = path + "/sweep.lock";
  const int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return Error{fmt::format("{}: cannot be made: {}", name, std::strerror(errno))};
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const auto owner = owner_of(lock);
    close(lock);
    return Error{
        fmt::format("{}: {} is sweeping here; wait until it has ended, or choose another folder with "
                    "--out",
                    path, owner),
        ExitCode::usage};
  }
  write_owner(lock);
  return SweepFolder(path, lock);
}

SweepFolder::SweepFolder(SweepFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

SweepFolder::~SweepFolder() {
  if (lock_ >= 0) close(lock_);
}

std::string SweepFolder::log_of(const std::string& run_directory) const {
  return path_ + "/logs/" + fs::path(run_directory).filename().string() + ".log";
}

Result<void> SweepFolder::write(const std::string& name, const std::string& text) const {
  return write_output(path_ + "/" + name, text);
}

}  // namespace millrace
