// A device's side of a run: connects to the host, says who it is, is handed the scenario and the plan, builds
// its nodes and drives them: lockstep in virtual time, or over TCP to its neighbours in wall-clock time.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

// Builds what a node needs on this device: the node, its executor with real tensors, its cost model.
using PartsFactory = std::function<Result<VirtualNode::Parts>(const Scenario&, const Plan&, NodeId)>;

struct AgentConfig {
  Endpoint host;
  std::vector<std::string> devices;  // which devices of the scenario this process is
  std::string scenario_sha256;       // refuse any other scenario; empty: take the host's
  std::string release;
  Duration timeout = Duration::s(60);  // silence of the host after which the agent gives up
};

// Serves one run. Returns when the host says it is over. Errors carry the exit code of the process.
Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory);

// Both ends greet alike: the frame a side begins with, and what it demands of the other's.
Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256);

// How often either end says that it is still there, where the other gives up after `silence`.
inline Duration heartbeat_within(Duration silence) { return std::min(Duration::s(1), silence / 4); }

}  // namespace millrace
