#include "sim/net/tcp_segment.hpp"

namespace millrace {
namespace {

constexpr std::size_t kIpHeader = 20, kTcpHeader = 20;  // at least
constexpr std::uint8_t kIpv4 = 4, kTcp = 6;

}  // namespace

std::optional<TcpSegment> tcp_segment(std::span<const std::uint8_t> start, std::size_t size) {
  if (start.size() < kIpHeader + kTcpHeader || start[0] >> 4 != kIpv4 || start[9] != kTcp)
    return std::nullopt;
  const std::size_t tcp = 4 * (start[0] & 0xFU);
  if (tcp < kIpHeader || start.size() < tcp + kTcpHeader) return std::nullopt;
  const auto two = [&](std::size_t at) { return static_cast<std::uint16_t>(start[at] << 8 | start[at + 1]); };
  const auto four = [&](std::size_t at) { return std::uint32_t{two(at)} << 16 | two(at + 2); };
  const std::size_t headers = tcp + 4 * static_cast<std::size_t>(start[tcp + 12] >> 4);
  if (size < headers) return std::nullopt;
  return TcpSegment{four(12),
                    {four(16), two(tcp), two(tcp + 2)},
                    four(tcp + 4),
                    static_cast<std::uint32_t>(size - headers)};
}

}  // namespace millrace
