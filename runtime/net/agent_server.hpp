// An agent that listens: hosts connect to it, run after run.
#pragma once

#include <memory>

#include "runtime/net/agent_config.hpp"

namespace millrace {

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

}  // namespace millrace
