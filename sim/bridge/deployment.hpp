// A run on the agents' own clocks (mode deploy): the host only connects the agents to each other, sends
// start, collects reports, and sends stop.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/bridge/bridge_setup.hpp"
#include "sim/bridge/crew.hpp"
#include "sim/coordinator/observer.hpp"

namespace millrace {

class Deployment {
 public:
  // Setup and crew outlive this. `endpoints`: where other agents reach each node's agent.
  Deployment(const BridgeSetup& setup, Crew& crew, const std::map<NodeId, Endpoint>& endpoints)
      : setup_(setup), crew_(crew), endpoints_(endpoints) {}

  // Feeds the observer until the sink has everything; returns the instant of the last result, on the sink's
  // clock. Takes reports still under way for a moment longer, then waits for every agent's farewell; losing
  // an agent before its farewell is an error. REQUIRES that every agent is ready.
  Result<Time> run(RunObserver& observer);

 private:
  Result<void> connect_peers();
  Result<void> stream(RunObserver& observer, Time& last);
  Result<void> drain(RunObserver& observer);
  Result<void> farewells(RunObserver& observer);
  Result<bool> take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last,
                           std::map<NodeId, Time>* heard);
  std::vector<std::string> idle_since(const std::map<NodeId, Time>& heard) const;
  Duration patience() const;

  const BridgeSetup& setup_;
  Crew& crew_;
  const std::map<NodeId, Endpoint>& endpoints_;
};

}  // namespace millrace
