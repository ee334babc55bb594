// The settings that an agent starts with: its devices, its keys, and the most that it gives a run.
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

// Builds a node's parts on this device: the node, its executor with real tensors, its cost model.
using PartsFactory = std::function<Result<VirtualNode::Parts>(const Scenario&, const Plan&, NodeId)>;

struct AgentConfig {
  Endpoint host;  // run_agent: the address at which the host waits
  std::vector<std::string>
      devices;  // this process's devices in the scenario; a server's: allowed ones, empty: any
  std::string scenario_sha256;  // refuse any other scenario; empty: take the host's
  std::string release;
  Duration timeout = Duration::s(60);  // silence of the host after which the agent gives up
  SecurityPointer keys{};              // null: loopback only
  std::string cache{};                 // folder for files from the host; empty: files are not accepted
  std::uint64_t cache_limit = std::uint64_t{8} << 30;  // bytes
  std::size_t peer_memory = kPeerMemory;
  bool local = false;    // started by the host on its own machine: paths of the scenario are this agent's too
  AgentLimits limits{};  // of each run; default: no limits
  bool forward_log = false;  // send the log to the host as well; for a process that does nothing else
  std::shared_ptr<AgentMetrics> metrics = std::make_shared<AgentMetrics>();
};

}  // namespace millrace
