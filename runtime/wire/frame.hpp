// Frames, in which the processes of a run communicate: a header of fixed size, then a Protocol Buffers
// message ("meta"), then raw payload bytes, which are never copied through the message.
//
//   offset  size  field (little-endian)
//        0     4  magic "MRF1"
//        4     2  version, kWireVersion
//        6     2  type, FrameType
//        8     4  length of the meta message, at most kMaxMeta
//       12     4  length of the payload, at most kMaxPayload
//
// tests/wire pins this layout. Any other header is refused before anything is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/node/message.hpp"

namespace millrace {

inline constexpr std::uint16_t kWireVersion = 2;
inline constexpr std::size_t kFrameHeader = 16;
inline constexpr std::uint32_t kMaxMeta = 16U << 20;
inline constexpr std::uint32_t kMaxPayload = 1U << 30;

enum class FrameType : std::uint16_t {
  hello = 1,       // first frame of each side of every connection
  refusal = 2,     // why the sender disconnects, with the matching exit code
  assign = 3,      // host to agent: the scenario, the plan, the nodes
  ready = 4,       // agent to host: nodes built, and where peers can connect
  peers = 5,       // host to agent (deploy): the endpoint of every node
  start = 6,       // host to agent (wall clock): time 0 is now
  event = 7,       // host to agent (virtual time): an event for a node
  send = 8,        // agent to host (virtual time): something a node sends in the turn that follows
  turn = 9,        // agent to host (virtual time): end of a node's turn
  message = 10,    // node to node: between agents (deploy), or through the host (emulate)
  report = 11,     // agent to host (wall clock): records of a node
  heartbeat = 12,  // either way: the sender is alive
  stop = 13,       // host to agent: the run is over
  want = 14,       // agent to host: a piece of a file of the assignment
  piece = 15,      // host to agent: that piece; its bytes are the payload
  log = 16,        // agent to host: a line of its log
  farewell = 17,   // agent to host (deploy): everything has been reported; its final figures
};

inline constexpr FrameType kLastFrameType = FrameType::farewell;

struct FrameHeader {
  FrameType type = FrameType::heartbeat;
  std::uint32_t meta_bytes = 0;
  std::uint32_t payload_bytes = 0;
  bool operator==(const FrameHeader&) const = default;
};

struct Frame {
  FrameType type = FrameType::heartbeat;
  std::string meta;
  Payload payload;

  Bytes size() const { return Bytes(static_cast<std::int64_t>(kFrameHeader + meta.size())) + payload.size; }
};

// REQUIRES lengths within their limits.
std::array<std::byte, kFrameHeader> encode_header(const FrameHeader& header);
// An error names what is wrong: magic, version, type, or a length beyond its limit.
Result<FrameHeader> decode_header(std::span<const std::byte, kFrameHeader> bytes);

}  // namespace millrace
