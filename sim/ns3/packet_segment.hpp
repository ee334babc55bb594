// The TCP segment in a packet of ns-3. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/packet.h>

#include <array>
#include <optional>
#include <span>

#include "sim/net/tcp_segment.hpp"

namespace millrace {

inline std::optional<TcpSegment> segment_of(const ns3::Packet& packet) {
  std::array<std::uint8_t, kLongestTcpStart> start{};
  const std::size_t size = packet.CopyData(start.data(), static_cast<std::uint32_t>(start.size()));
  return tcp_segment(std::span(start).first(size), packet.GetSize());
}

}  // namespace millrace
