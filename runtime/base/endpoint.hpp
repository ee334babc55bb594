// Where a process listens or is reached: a host and a port, as text "HOST:PORT".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// "HOST:PORT", "[::1]:PORT". An error (usage) quotes the text.
Result<Endpoint> parse_endpoint(std::string_view text);
// The inverse; IPv6 addresses are put in brackets.
std::string to_string(const Endpoint& endpoint);

}  // namespace millrace
