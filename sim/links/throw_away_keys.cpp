#include "sim/links/throw_away_keys.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/base/fleet_keys.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kBegin = "millrace-keys-";
constexpr std::string_view kPattern = "XXXXXX";

// Locks a folder that belongs to this user and is not a link; -1 where it is not such a folder or is locked.
int take_lock(const std::string& folder) {
  const int handle = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (handle < 0) return -1;
  struct stat facts {};
  if (fstat(handle, &facts) == 0 && facts.st_uid == geteuid() && flock(handle, LOCK_EX | LOCK_NB) == 0)
    return handle;
  close(handle);
  return -1;
}

}  // namespace

Result<std::unique_ptr<ThrowAwayKeys>> ThrowAwayKeys::make(const std::vector<std::string>& devices) {
  std::error_code failed;
  auto pattern = (fs::temp_directory_path(failed) / kBegin).string() + std::string(kPattern);
  if (failed || ::mkdtemp(pattern.data()) == nullptr)
    return Error{"no folder for the agents' keys can be made in " + pattern};
  const int lock = take_lock(pattern);
  if (lock < 0) return Error{pattern + ": cannot be locked; it holds the agents' keys"};
  std::unique_ptr<ThrowAwayKeys> keys(new ThrowAwayKeys(pattern, lock));
  if (const auto made = make_fleet_keys({.folder = pattern + "/fleet", .devices = devices, .days = 1}); !made)
    return made.error();
  return keys;
}

ThrowAwayKeys::~ThrowAwayKeys() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  close(lock_);
}

std::vector<std::string> remove_leftover_keys() {
  std::vector<std::string> removed;
  std::error_code failed, ignored;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(failed), failed)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kBegin) || name.size() != kBegin.size() + kPattern.size()) continue;
    const int lock = take_lock(entry.path().string());
    if (lock < 0) continue;
    fs::remove_all(entry.path(), ignored);
    close(lock);
    if (!fs::exists(entry.path(), ignored)) removed.push_back(entry.path().string());
  }
  return removed;
}

}  // namespace millrace
