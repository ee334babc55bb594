// Nodes in wall-clock time: real TCP between devices, one connection per direction and pair of neighbouring
// nodes, made by the sender. The host hands out the plan and collects reports; activations never pass through
// it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/net/agent_metrics.hpp"
#include "runtime/net/frame_channel.hpp"
#include "runtime/node/wall_node.hpp"

namespace millrace {

class TcpDriver {
 public:
  // The facts of a run, which neighbours must agree on, and this device's settings for it.
  struct Run {
    std::string release, scenario_sha256;
    std::string id;                    // the random name that the host gave the run
    std::vector<std::string> devices;  // of every node, by number
    SecurityPointer keys{};
    std::size_t peer_memory = kPeerMemory;
    std::shared_ptr<AgentMetrics> metrics = std::make_shared<AgentMetrics>();
  };
  // `loop` and `host` must outlive the driver.
  TcpDriver(IoLoop& loop, FrameChannel& host, Run run, std::map<NodeId, VirtualNode::Parts>&& parts);
  ~TcpDriver();
  TcpDriver(const TcpDriver&) = delete;
  TcpDriver& operator=(const TcpDriver&) = delete;

  // Takes a new connection and its first frame; refuses one that is not from a neighbour. On the loop's
  // thread.
  void greet(const ChannelPointer& channel, const Frame& first);
  // Connects to every neighbour and waits until every neighbour has connected. `stop` is called several
  // times a second; if it returns true, connecting ends with an error.
  Result<void> connect(const Peers& peers, Duration timeout, const std::function<bool()>& stop);
  // Time 0 is now.
  void start();
  // Stops the nodes after the work under way. Connections stay; one that closes is not a failure any more.
  void stop();

 private:
  // Channels of one node by neighbour; filled while connecting.
  struct Seat {
    std::unique_ptr<WallNode> node;
    std::map<NodeId, ChannelPointer> out, in;
  };
  void add(NodeId id, VirtualNode::Parts parts);
  void send(NodeId from, NodeId to, Message message);
  void report(NodeId id, Time now, std::vector<Record> records, bool finished);
  Result<std::pair<NodeId, NodeId>> admit(const ChannelPointer& channel, const Frame& frame);
  Result<ChannelPointer> reach(NodeId from, NodeId to, const Peers& peers, Duration timeout,
                               const std::function<bool()>& stop);
  Result<ChannelPointer> approach(const Endpoint& where, Duration timeout,
                                  const std::function<bool()>& stop) const;
  void on_frame(NodeId here, NodeId there, Result<Frame> frame);
  void listen_to(const ChannelPointer& channel, NodeId here, NodeId there);
  std::vector<NodeId> neighbours(NodeId id) const;
  std::optional<std::pair<NodeId, NodeId>> missing() const;
  AgentMetrics::Place place(NodeId id) const;
  std::string name(NodeId id) const;
  void fail(const Error& error);

  IoLoop& loop_;
  FrameChannel& host_;
  Run run_;
  std::mutex mutex_;  // guards the channels while connecting, and stopping_
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<NodeId, Seat> seats_;
  // Null for handlers that outlive the driver; guarded by alive_mutex_.
  std::shared_ptr<TcpDriver*> alive_;
  std::shared_ptr<std::mutex> alive_mutex_;
};

}  // namespace millrace
