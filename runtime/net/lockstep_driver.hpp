// Nodes in virtual time behind a connection: each event that the host hands over becomes a turn. Every node
// has a thread, because a turn may wait for a computation while other nodes' turns go on.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/net/frame_channel.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

class LockstepDriver {
 public:
  // `host` must outlive the driver.
  LockstepDriver(FrameChannel& host, std::map<NodeId, VirtualNode::Parts>&& parts);
  ~LockstepDriver();
  LockstepDriver(const LockstepDriver&) = delete;
  LockstepDriver& operator=(const LockstepDriver&) = delete;

  // Takes an event frame. The answer (sends, then the turn, or a refusal) goes to the host when it is ready.
  // An error: not an event, not a node of this driver, or a second event before the first was answered.
  Result<void> on_frame(const Frame& frame);

 private:
  class Seat;
  std::map<NodeId, std::unique_ptr<Seat>> seats_;
};

}  // namespace millrace
