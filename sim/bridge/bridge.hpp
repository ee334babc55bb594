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
  // Asked several times a second while anything is waited for, from gather() on: says why waiting makes no
  // sense any more (Ctrl-C, a local agent that died), or nothing.
  using Watch = Crew::Watch;

  // Agents come to `where`.
  static Result<std::unique_ptr<Bridge>> listen(Setup setup, const Endpoint& where);
  // That these are a host's keys: asked before a run begins. Empty: none.
  static Result<void> check_keys(const std::string& folder);
  // Agents listen at the addresses of the scenario's devices, which all have one.
  static Result<std::unique_ptr<Bridge>> connecting(Setup setup);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // REQUIRES listen().
  Endpoint local() const;
  // Waits until every device of the plan has an agent, at most run.timeout, and every agent has built its
  // nodes. Strangers and misfits are refused with a sentence, and do not end the wait; losing an agent that
  // had come does.
  Result<void> gather(const Watch& watch);
  // REQUIRES gather() succeeded. The bridge outlives the attachments.
  std::vector<std::unique_ptr<Attachment>> attachments();
  // Deploy: connects the nodes to each other, starts them, feeds the observer until the sink has everything;
  // returns that instant, on the sink's clock. Reports still under way then are taken for a moment longer.
  // Every agent has then said farewell; one that is lost before is an error. REQUIRES gather() succeeded.
  Result<Time> run(RunObserver& observer);
  // Emulate: all nodes, on the wall clock. REQUIRES gather() succeeded. The bridge outlives them.
  std::unique_ptr<WallNodes> wall_nodes();
  // Tells every agent that the run is over.
  // `failure`: why the run failed, if it did, which agents then say too.
  void stop(const std::optional<Error>& failure = {});

 private:
  explicit Bridge(Setup setup);

  Setup setup_;
  Crew crew_;  // before the loop of the gathering: handlers on its thread use the mailbox
  Gathering gathering_;
};

}  // namespace millrace
