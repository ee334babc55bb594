// Which flow a packet belongs to, as a number: for FQ-CoDel's choice of a queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

// Of the bytes of an IPv4 packet: its addresses, its protocol and, of TCP, UDP, UDP-Lite, DCCP and SCTP, its
// ports. Fragments are hashed without ports, because only the first one has them. Bytes that are no IPv4
// packet all have one value. `salt`: so that no two links confuse the same flows.
std::uint32_t flow_hash(std::span<const std::byte> packet, std::uint64_t salt);

}  // namespace millrace
