// Mode emulate: real nodes on the wall clock, and a simulated network between them that is pulled along with
// the clock. The network is never ahead of the clock. The lateness of every event is audited; an event later
// than the limit ends the run with exit code 4.
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
    // One per node of the plan: how long its work should take. Work whose cost is not known beforehand is not
    // audited.
    std::vector<std::unique_ptr<CostModel>> costs;
    // The run fails when a message is under way and nothing has moved for this long.
    Duration timeout;
    // Why nothing arrives from one device at another at this instant, for the error of that failure.
    std::function<std::string(DeviceId from, DeviceId to, Time at)> why{};
  };
  explicit Emulator(Setup setup);

  // Runs until the sink finishes; returns when its last microbatch was complete, on the sink's clock. An
  // error with ExitCode::fidelity names the link or stage that fell behind by more than the limit.
  Result<Time> run();
  Time now() const { return now_; }
  // Wall-clock time spent in the network.
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
  std::string last_;  // the last audited event outside the network, in words for the error
  bool finished_ = false;
};

}  // namespace millrace
