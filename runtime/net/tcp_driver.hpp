// Nodes in wall-clock time: real TCP between devices, one connection per pair of neighbouring nodes. The host
// hands out the plan and collects reports; activations never pass through it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "runtime/net/frame_channel.hpp"
#include "runtime/node/wall_node.hpp"

namespace millrace {

class TcpDriver {
 public:
  struct Identity {
    std::string release, scenario_sha256;
  };
  // `loop` and `host` outlive the driver. Listens where the host has reached this device.
  static Result<std::unique_ptr<TcpDriver>> open(IoLoop& loop, FrameChannel& host, Identity identity,
                                                 std::map<NodeId, VirtualNode::Parts>&& parts, NodeId sink);
  ~TcpDriver();
  TcpDriver(const TcpDriver&) = delete;
  TcpDriver& operator=(const TcpDriver&) = delete;

  std::uint16_t port() const { return listener_->local().port; }
  // Connects to every successor and waits for every predecessor.
  Result<void> connect(const Peers& peers, Duration timeout);
  // Time 0 is now.
  void start();
  // From here on a closing connection is no failure.
  void stop();

 private:
  // Channels of one node; filled while connecting.
  struct Seat {
    std::unique_ptr<WallNode> node;
    ChannelPointer upstream, downstream;
  };
  TcpDriver(IoLoop& loop, FrameChannel& host, Identity identity, NodeId sink);
  void add(NodeId id, VirtualNode::Parts parts);
  void send(NodeId from, NodeId to, Message message);
  void on_stranger(const ChannelPointer& channel);
  Result<void> admit(const ChannelPointer& channel, const Frame& frame, std::optional<NodeMessage>& known);
  void on_frame(NodeId here, NodeId there, Result<Frame> frame);
  void fail(const Error& error);

  IoLoop& loop_;
  FrameChannel& host_;
  Identity identity_;
  NodeId sink_;
  std::mutex mutex_;  // guards the channels while connecting, and stopping_
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<NodeId, Seat> seats_;
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<TcpDriver*>
      alive_;  // handlers that outlive the driver find null here; guarded by alive_mutex_
  std::shared_ptr<std::mutex> alive_mutex_;
};

}  // namespace millrace
