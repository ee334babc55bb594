// A host's own TCP data on its way into its device (Linux: TCP small queues). Of every connection only a few
// packets are in the device at once; the others wait, none is dropped, and the connections come in turn. So a
// short message does not wait behind a long one of another connection, nor does what the host forwards find a
// queue full of what the host itself sends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/base/units.hpp"
#include "sim/net/link_server.hpp"
#include "sim/net/tcp_segment.hpp"

namespace millrace {

// A packet that waits for a link, or is on it. Payload: how the network holds packets.
template <class Payload>
struct QueuedPacket {
  Payload payload;
  Bytes size;
  Time since;                     // it waits for the link
  std::optional<TcpFlow> flow{};  // of the host's own data
  std::uint32_t sequence = 0;     // with a flow: of its first byte
  std::uint32_t bytes = 0;        // of data
  std::optional<Time> first_bit{};
  LinkServer::Service service{};  // of the attempt under way
};

template <class Payload>
class SmallQueues {
 public:
  using Packet = QueuedPacket<Payload>;
  // Packets of one connection in the device, the one that is being sent included. Linux allows at least two
  // buffers (tcp_small_queue_check), each of at least two segments (tcp_tso_autosize).
  static constexpr std::size_t kInDevice = 4;

  // All of the segment waits or is in the device. TCP that takes it for lost need not send it again (Linux:
  // skb_still_in_host_queue). Not said of one that is cut elsewhere and crosses the end of the numbers.
  bool holds(const TcpSegment& segment) const {
    const auto found = flows_.find(segment.flow);
    if (found == flows_.end()) return false;
    const auto& held = found->second.held;
    auto piece = held.upper_bound(segment.sequence);
    std::uint64_t covered = segment.sequence;
    const std::uint64_t end = covered + segment.bytes;
    if (piece != held.begin()) --piece;
    for (; covered < end && piece != held.end() && piece->first <= covered; ++piece)
      covered = std::max(covered, std::uint64_t{piece->first} + piece->second);
    return covered >= end;
  }
  // The flow has few packets in the device, and none that waits.
  bool may_enter(const TcpFlow& flow) const {
    const auto found = flows_.find(flow);
    return found == flows_.end() || (found->second.waiting.empty() && found->second.in_device < kInDevice);
  }
  bool empty() const { return turns_.empty(); }
  // From now on the packet waits, is in the device, or is in neither any more. REQUIRES packet.flow.
  void wait(Packet packet) {
    const auto flow = *packet.flow;
    auto& state = flows_[flow];
    state.held[packet.sequence] = packet.bytes;
    if (state.waiting.empty()) turns_.push_back(flow);
    state.waiting.push_back(std::move(packet));
  }
  void entered(const Packet& packet) {
    auto& state = flows_[*packet.flow];
    state.held[packet.sequence] = packet.bytes;
    ++state.in_device;
  }
  void left(const Packet& packet) {
    const auto found = flows_.find(*packet.flow);
    MR_CHECK(found != flows_.end() && found->second.in_device > 0, "a packet left that had not entered");
    auto& state = found->second;
    state.held.erase(packet.sequence);
    if (--state.in_device == 0 && state.waiting.empty()) flows_.erase(found);
  }
  // The packet whose turn it is of those that may enter, if it has at most `room` bytes. entered() is not
  // called for it.
  std::optional<Packet> next(Bytes room) {
    for (auto turn = turns_.begin(); turn != turns_.end(); ++turn) {
      const auto flow = *turn;
      auto& state = flows_.at(flow);
      if (state.in_device >= kInDevice) continue;
      if (state.waiting.front().size > room) return std::nullopt;
      auto packet = std::move(state.waiting.front());
      state.waiting.pop_front();
      turns_.erase(turn);
      if (!state.waiting.empty()) turns_.push_back(flow);
      return packet;
    }
    return std::nullopt;
  }
  void clear() {
    flows_.clear();
    turns_.clear();
  }

 private:
  struct State {
    std::size_t in_device = 0;
    std::map<std::uint32_t, std::uint32_t> held;  // sequence and bytes of all that waits or is in the device
    std::deque<Packet> waiting;
  };
  std::map<TcpFlow, State> flows_;  // those with packets here or in the device
  std::deque<TcpFlow> turns_;       // those with packets here
};

}  // namespace millrace
