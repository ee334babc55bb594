// Arbitrary bytes as an IPv4 packet: only its headers decide on its flow, and of those not what changes on
// the way (time to live, checksum).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/base/check.hpp"
#include "sim/queue/flow_hash.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  constexpr std::size_t kTimeToLive = 8, kChecksum = 10, kHeaders = 60 + 4;
  std::uint64_t salt = 0;
  const std::size_t salted = std::min(size, sizeof salt);
  if (salted > 0) std::memcpy(&salt, bytes, salted);
  const auto given = std::as_bytes(std::span(bytes, size)).subspan(salted);
  std::vector<std::byte> packet(given.begin(), given.end());  // of its exact size: a sanitizer sees its end
  const auto hash = flow_hash(packet, salt);
  MR_CHECK(flow_hash(std::span(packet).first(std::min(packet.size(), kHeaders)), salt) == hash,
           "what lies behind the headers says nothing of the flow");
  for (const std::size_t at : {kTimeToLive, kChecksum, kChecksum + 1})
    if (at < packet.size()) packet[at] = ~packet[at];
  MR_CHECK(flow_hash(packet, salt) == hash, "a router does not change the flow");
  return 0;
}
