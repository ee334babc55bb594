// The host's side of the agents: greets those that connect, or connects to those that listen, hands out
// scenario, plan and files (gathering.hpp), attaches their nodes to the coordinator (seats.hpp), or starts
// them and collects their reports (deployment.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/bridge/bridge_setup.hpp"
#include "sim/bridge/crew.hpp"
#include "sim/bridge/gathering.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/coordinator/wall_nodes.hpp"

namespace millrace {

class Bridge {
 public:
  using Setup = BridgeSetup;
  // Called several times a second during every wait from gather() on: an error says why to stop waiting
  // (Ctrl-C, a local agent that died).
  using Watch = Crew::Watch;

  // Agents connect to `where`.
  static Result<std::unique_ptr<Bridge>> listen(Setup setup, const Endpoint& where);
  // Checks, before a run begins, that the folder holds a host's keys. An empty name means no keys: no error.
  static Result<void> check_keys(const std::string& folder);
  // Agents listen at the addresses of the scenario's devices. REQUIRES that every device has an address.
  static Result<std::unique_ptr<Bridge>> connecting(Setup setup);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // REQUIRES listen().
  Endpoint local() const;
  // Waits until every device of the plan has an agent, at most run.timeout, and every agent has built its
  // nodes. Connections that do not fit are refused with a reason, and do not end the wait; losing an admitted
  // agent does.
  Result<void> gather(const Watch& watch);
  // REQUIRES gather() succeeded. The bridge outlives the attachments.
  std::vector<std::unique_ptr<Attachment>> attachments();
  // Deploy: connects the nodes to each other, starts them, feeds the observer until the sink has everything;
  // returns the instant of the last result, on the sink's clock. Takes reports still under way for a moment
  // longer, then waits for every agent's farewell; losing an agent before its farewell is an error.
  // REQUIRES gather() succeeded.
  Result<Time> run(RunObserver& observer);
  // Emulate: all nodes, on the wall clock. REQUIRES gather() succeeded. The bridge outlives them.
  std::unique_ptr<WallNodes> wall_nodes();
  // Tells every agent that the run is over. `failure`: why the run failed, if it did; agents report it too.
  void stop(const std::optional<Error>& failure = {});

 private:
  explicit Bridge(Setup setup);

  Setup setup_;
  Crew crew_;  // declared before gathering_, whose loop's thread runs handlers that use the crew's mailbox
  Gathering gathering_;
};

}  // namespace millrace
