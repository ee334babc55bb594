// What an agent is told when it starts: for whom it serves, with which keys, and what it gives a run at most.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/net/agent_limits.hpp"
#include "runtime/net/agent_metrics.hpp"
#include "runtime/net/frame_channel.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

// Builds what a node needs on this device: the node, its executor with real tensors, its cost model.
using PartsFactory = std::function<Result<VirtualNode::Parts>(const Scenario&, const Plan&, NodeId)>;

struct AgentConfig {
  Endpoint host;  // run_agent: where it waits
  std::vector<std::string>
      devices;                  // which devices of the scenario this process is; a server: may be, empty: any
  std::string scenario_sha256;  // refuse any other scenario; empty: take the host's
  std::string release;
  Duration timeout = Duration::s(60);  // silence of the host after which the agent gives up
  SecurityPointer keys{};              // null: loopback only
  std::string cache{};                 // folder for files from the host; empty: none can be taken
  std::uint64_t cache_limit = std::uint64_t{8} << 30;  // bytes
  std::size_t peer_memory = kPeerMemory;
  bool local = false;    // started by the host on its own machine: paths of the scenario are this agent's too
  AgentLimits limits{};  // of each run; none
  bool forward_log = false;  // this process serves nothing else: its log is sent to the host as well
  std::shared_ptr<AgentMetrics> metrics = std::make_shared<AgentMetrics>();
};

}  // namespace millrace
