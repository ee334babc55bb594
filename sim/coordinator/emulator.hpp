// Mode emulate: real nodes on the wall clock, a simulated network between them that is pulled along with it.
// The network is never ahead of the clock; how far anything is behind is audited, event by event, and over
// the limit the run ends with exit code 4. It does not fall behind silently.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/node/work.hpp"
#include "runtime/planner/plan.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/coordinator/under_way.hpp"
#include "sim/coordinator/wall_nodes.hpp"
#include "sim/net/lateness_audit.hpp"
#include "sim/net/link_meter.hpp"
#include "sim/net/network.hpp"

namespace millrace {

class Emulator {
 public:
  struct Setup {
    const Plan& plan;         // outlives the emulator, like all of these
    const NetworkSpec& spec;  // what `network` was made of
    Network& network;         // tells `audit` and `meter`
    LatenessAudit& audit;     // its clock is the run's
    LinkMeter& meter;
    RunObserver& observer;
    WallNodes& nodes;
    // One per node of the plan: what its work should take. Work whose cost is not known beforehand is not
    // audited.
    std::vector<std::unique_ptr<CostModel>> costs;
    // Nothing has moved for so long although something is under way: give up.
    Duration timeout;
    // Why nothing arrives on this way at this instant, for that error.
    std::function<std::string(DeviceId from, DeviceId to, Time at)> why{};
  };
  explicit Emulator(Setup setup);

  // Runs until the sink finishes; returns when its last microbatch was complete, on its clock. An error with
  // ExitCode::fidelity: too late, and which link or stage could not be kept up with.
  Result<Time> run();
  Time now() const { return now_; }
  // Wall-clock time the network took.
  Duration busy() const { return busy_; }

 private:
  Result<void> step();
  void pull();
  void deliver(const Delivery& delivery);
  Result<void> listen(Duration patience);
  Result<void> take(WallNodes::Word word);
  void send(NodeMessage message);
  void take(const Report& report);
  void audit_compute(NodeId node, const StageRecord& record);
  void drain();
  Result<void> check() const;
  Error too_late() const;
  std::string network_was_late(const LatenessAudit::Violation& violation) const;
  std::string advice() const;
  const std::string& device(NodeId node) const;
  Error stuck() const;

  Setup setup_;
  Time now_, moved_, completed_;
  Duration busy_;
  UnderWay under_way_;
  std::string last_;  // what was audited last besides the network, for the error
  bool finished_ = false;
};

}  // namespace millrace
