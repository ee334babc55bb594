#include "sim/queue/flow_hash.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace millrace {
namespace {

constexpr std::size_t kIpHeader = 20;  // at least
constexpr std::size_t kPorts = 4;
constexpr unsigned kIpv4 = 4;
constexpr std::array<std::uint8_t, 5> kWithPorts{6, 17, 33, 132, 136};  // TCP, UDP, DCCP, SCTP, UDP-Lite

struct Flow {
  std::uint64_t addresses = 0, ports = 0, protocol = 0;
};

std::uint64_t big_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

std::optional<Flow> flow_of(std::span<const std::byte> packet) {
  if (packet.size() < kIpHeader) return std::nullopt;
  const auto start = std::to_integer<unsigned>(packet[0]);
  const std::size_t header = 4 * std::size_t{start & 0xFU};
  if (start >> 4 != kIpv4 || header < kIpHeader) return std::nullopt;
  const auto protocol = std::to_integer<std::uint8_t>(packet[9]);
  Flow flow{.addresses = big_endian(packet.subspan(12, 8)), .protocol = protocol};
  // More fragments, or not the first one.
  const bool fragment = (big_endian(packet.subspan(6, 2)) & 0x3FFFU) != 0;
  const bool has_ports = std::find(kWithPorts.begin(), kWithPorts.end(), protocol) != kWithPorts.end();
  if (has_ports && !fragment && packet.size() >= header + kPorts)
    flow.ports = big_endian(packet.subspan(header, kPorts));
  return flow;
}

// SplitMix64 (Steele, Lea and Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15U;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
  return x ^ (x >> 31);
}

}  // namespace

std::uint32_t flow_hash(std::span<const std::byte> packet, std::uint64_t salt) {
  const auto flow = flow_of(packet).value_or(Flow{});
  return static_cast<std::uint32_t>(mix(mix(mix(salt) ^ flow.addresses) ^ (flow.ports << 8 | flow.protocol)));
}

}  // namespace millrace
