// A host's own TCP data on its way into its device (Linux: TCP small queues). Every connection has only a few
// packets in the device at once; the others wait, none is dropped, and the connections take turns. So a short
// message does not wait behind a long message of another connection, and packets that the host forwards do
// not find a queue full of the host's own packets. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/packet.h>

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "sim/net/link_server.hpp"

namespace millrace {

// A TCP connection as its sender sees it.
struct TcpFlow {
  std::uint32_t to;
  std::uint16_t source_port, target_port;
  auto operator<=>(const TcpFlow&) const = default;
};

// The TCP segment in an IPv4 packet; tcp_segment() returns nothing if there is none.
struct TcpSegment {
  std::uint32_t from;
  TcpFlow flow;
  std::uint32_t sequence;  // of its first byte
  std::uint32_t bytes;     // of data
};
std::optional<TcpSegment> tcp_segment(const ns3::Packet& packet);

struct QueuedPacket {
  ns3::Ptr<ns3::Packet> packet;
  std::uint16_t protocol;
  Time since;                   // when it began to wait for the link
  std::optional<TcpFlow> flow;  // of the host's own data
  std::uint32_t sequence = 0;   // with a flow: of its first byte
  std::uint32_t bytes = 0;      // of data
  std::optional<Time> first_bit{};
  LinkServer::Service service{};  // of the attempt under way
};

class SmallQueues {
 public:
  // Packets of one connection in the device, the one that is being sent included. Linux allows at least two
  // buffers (tcp_small_queue_check), each of at least two segments (tcp_tso_autosize).
  static constexpr std::size_t kInDevice = 4;

  // Whether all of the segment waits or is in the device. TCP that takes it for lost need not send it again
  // (Linux: skb_still_in_host_queue). False for a segment that is cut differently than the held ones and
  // crosses the wrap of the sequence numbers.
  bool holds(const TcpSegment& segment) const;
  // Whether the flow has few packets in the device, and none that waits.
  bool may_enter(const TcpFlow& flow) const;
  bool empty() const { return turns_.empty(); }
  // From now on the packet waits; is in the device; has left the device. REQUIRES packet.flow.
  void wait(QueuedPacket packet);
  void entered(const QueuedPacket& packet);
  void left(const QueuedPacket& packet);
  // The packet whose turn it is among those that may enter, if it has at most `room` bytes. The caller calls
  // entered() for it.
  std::optional<QueuedPacket> next(Bytes room);
  void clear();

 private:
  struct State {
    std::size_t in_device = 0;
    std::map<std::uint32_t, std::uint32_t> held;  // sequence and bytes of all that waits or is in the device
    std::deque<QueuedPacket> waiting;
  };
  std::map<TcpFlow, State> flows_;  // those with packets here or in the device
  std::deque<TcpFlow> turns_;       // those with packets here
};

}  // namespace millrace
