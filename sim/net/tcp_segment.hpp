// What an IPv4 packet says of the TCP connection that it belongs to.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace millrace {

// A TCP connection as its sender sees it.
struct TcpFlow {
  std::uint32_t to;
  std::uint16_t source_port, target_port;
  auto operator<=>(const TcpFlow&) const = default;
};

struct TcpSegment {
  std::uint32_t from;
  TcpFlow flow;
  std::uint32_t sequence;  // of its first byte
  std::uint32_t bytes;     // of data
};

// IPv4 with all its options, and as much of TCP as tells where its data begins.
inline constexpr std::size_t kLongestTcpStart = 60 + 20;

// `start`: the packet's first bytes, kLongestTcpStart where it has so many. `size`: of the whole packet.
// Nothing where it is not TCP.
std::optional<TcpSegment> tcp_segment(std::span<const std::uint8_t> start, std::size_t size);

}  // namespace millrace
