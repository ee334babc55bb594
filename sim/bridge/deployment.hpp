// A run on the agents' own clocks (mode deploy): the host only connects them to each other, says start,
// listens, and says when it is over.
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
  // Setup and crew outlive this. `endpoints`: where each node's agent is reached by the others.
  Deployment(const BridgeSetup& setup, Crew& crew, const std::map<NodeId, Endpoint>& endpoints)
      : setup_(setup), crew_(crew), endpoints_(endpoints) {}

  // Feeds the observer until the sink has everything; returns that instant, on the sink's clock. Reports
  // still under way then are taken for a moment longer. Every agent has then said farewell; one that is lost
  // before is an error. REQUIRES that every agent is ready.
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
