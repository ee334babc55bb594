#include "runtime/base/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

namespace millrace {

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  const Error fault{fmt::format("\"{}\" is not an address; write HOST:PORT, e.g. 127.0.0.1:7000", text),
                    ExitCode::usage};
  if (colon == std::string_view::npos || colon == 0) return fault;
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (wrong != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return fault;
  return Endpoint{std::string(host), port};
}

std::string to_string(const Endpoint& endpoint) {
  const bool brackets = endpoint.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", endpoint.address, brackets ? "]" : "", endpoint.port);
}

}  // namespace millrace
