// The greeting between the two ends of a connection: the checks that each makes of the other, the message of
// a busy agent, and the period of heartbeats.
#pragma once

#include <string>
#include <string_view>

#include "runtime/wire/messages.hpp"

namespace millrace {

// The check of both ends: an error if the other end has another release or another scenario. An empty hash
// stands for any scenario.
Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256);

// The beginning of a busy agent's message to another host.
inline constexpr std::string_view kServesAnother = "it serves another run,";

// The period of heartbeats to a peer that gives up after `silence`.
Duration heartbeat_within(Duration silence);

}  // namespace millrace
