// A device's side of a run: is greeted by the host, is handed the scenario and the plan, fetches what files
// it lacks, builds its nodes and drives them: lockstep in virtual time, or over TCP to its neighbours in
// wall-clock time. Either the agent connects to a host that waits, for one run, or hosts connect to an agent
// that listens.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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

// Serves one run. Returns when the host says it is over. Errors carry the exit code of the process.
Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory);

// How the sentence begins that a busy server says to another host.
inline constexpr std::string_view kServesAnother = "it serves another run,";

// Serves run after run, one at a time; a host that comes during one is told that it has to wait.
class AgentServer {
 public:
  // Listens from now on; `factory` outlives the server.
  static Result<std::unique_ptr<AgentServer>> listen(AgentConfig config, const Endpoint& where,
                                                     const PartsFactory& factory);
  ~AgentServer();
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  Endpoint local() const;
  IoLoop& loop();
  // Serves until stop(); how each run ended is in the log.
  void run();
  // Any thread. Ends the run under way, which its host hears of.
  void stop();

 private:
  struct Body;
  AgentServer();
  std::unique_ptr<Body> body_;
};

// Both ends greet alike: the frame a side begins with, and what it demands of the other's.
Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256);

// How often either end says that it is still there, where the other gives up after `silence`.
inline Duration heartbeat_within(Duration silence) { return std::min(Duration::s(1), silence / 4); }

}  // namespace millrace
