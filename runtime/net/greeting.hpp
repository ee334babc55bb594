// How the two ends of a connection greet: what each demands of the other, how it says that it is busy, and
// how often it says that it is still there.
#pragma once

#include <string>
#include <string_view>

#include "runtime/wire/messages.hpp"

namespace millrace {

// Both ends greet alike: an error where the other one is of another release or here for another scenario. An
// empty hash stands for any scenario.
Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256);

// How the sentence begins that a busy agent says to another host.
inline constexpr std::string_view kServesAnother = "it serves another run,";

// How often either end says that it is still there, where the other gives up after `silence`.
Duration heartbeat_within(Duration silence);

}  // namespace millrace
