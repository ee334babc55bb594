#include "runtime/net/greeting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256) {
  if (hello.release != release) {
    return Error{fmt::format("the {} is millrace {}, this is {}; use one release everywhere", hello.sender,
                             hello.release, release)};
  }
  if (!scenario_sha256.empty() && !hello.scenario_sha256.empty() &&
      hello.scenario_sha256 != scenario_sha256) {
    return Error{fmt::format("the {} is here for another scenario ({}, this one is {})", hello.sender,
                             hello.scenario_sha256.substr(0, 12), scenario_sha256.substr(0, 12)),
                 ExitCode::invalid_input};
  }
  return {};
}

Duration heartbeat_within(Duration silence) { return std::min(Duration::s(1), silence / 4); }

}  // namespace millrace
