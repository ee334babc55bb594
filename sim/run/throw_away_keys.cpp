#include "sim/run/throw_away_keys.hpp"

#include <cstdlib>
#include <filesystem>

#include "runtime/base/fleet_keys.hpp"

namespace millrace {

Result<std::unique_ptr<ThrowAwayKeys>> ThrowAwayKeys::make(const std::vector<std::string>& devices) {
  std::error_code failed;
  auto pattern = (std::filesystem::temp_directory_path(failed) / "millrace-keys-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr)
    return Error{"no folder for the agents' keys can be made in " + pattern};
  std::unique_ptr<ThrowAwayKeys> keys(new ThrowAwayKeys(pattern));
  if (const auto made = make_fleet_keys({.folder = pattern + "/fleet", .devices = devices, .days = 1}); !made)
    return made.error();
  return keys;
}

ThrowAwayKeys::~ThrowAwayKeys() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace millrace
