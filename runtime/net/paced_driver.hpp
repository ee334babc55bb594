// Nodes on the wall clock whose messages all go by way of the host, which runs the network: a node's message
// goes to the host with its instant of sending; a message from the host is delivered at once.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "runtime/net/frame_channel.hpp"
#include "runtime/node/wall_node.hpp"

namespace millrace {

class PacedDriver {
 public:
  // `host` must outlive the driver.
  PacedDriver(FrameChannel& host, std::map<NodeId, VirtualNode::Parts>&& parts);
  // Waits for work under way.
  ~PacedDriver();
  PacedDriver(const PacedDriver&) = delete;
  PacedDriver& operator=(const PacedDriver&) = delete;

  // Time 0 is now. REQUIRES: called once.
  void start();
  // Takes a message for one of the nodes. An error: not a message, or not a node of this driver.
  Result<void> on_frame(const Frame& frame);

 private:
  void fail(const Error& error);

  FrameChannel& host_;
  std::mutex mutex_;
  bool failed_ = false;
  std::map<NodeId, std::unique_ptr<WallNode>> nodes_;
};

}  // namespace millrace
