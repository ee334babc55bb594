// What mode simulate gives for a plan on the fluid network, without a run directory: the same nodes, costs,
// network and summary as `millrace run --mode simulate` with network.kind fluid, so that a plan can be tried
// over the run's own window (its images, arrivals, traces and their offsets, events, policy) before it is
// chosen. Surprising fact: a run of many microbatches is tried with its first kMostMicrobatches only, and
// those only up to kMostWork.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/planner/planning_result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The nodes of mode simulate: sizes instead of tensors, in this process.
Result<std::vector<std::unique_ptr<Attachment>>> nodes_without_tensors(const Scenario& scenario,
                                                                       const Plan& plan);

class DryRun {
 public:
  static constexpr std::uint64_t kMostMicrobatches = 2000;

  struct Figures {
    SimulatedFigures figures;
    double filled_images_per_s = 0;  // between the first arrival at the sink and the last; 0: there was one
    double last_created_s = 0;       // when the source had the last microbatch, in an open loop: its arrival
  };

  // `spec` is the scenario's network. Whatever the scenario's mode, compute costs what its profiles say.
  DryRun(const Scenario& scenario, NetworkSpec spec);

  // Nothing where the run is not over at `until`, which cannot be the best then. An error: the fluid network
  // cannot carry the run, or it gets stuck, or Ctrl-C.
  Result<std::optional<Figures>> run(const Plan& plan, Time until = Time::never());

  // What the last run() took, the same on every machine: messages and acknowledgements, some 4 us each, and
  // the packets of messages, some 0.12 us each, which is 1/kPacketsPerMessage; and the network's own events
  // (cross traffic, and what has to be reckoned anew for it), in thousands, each like a message.
  static constexpr std::uint64_t kPacketsPerMessage = 32;
  // Where a run would take more it is looked at up to there, as if it ended there.
  static constexpr std::uint64_t kMostWork = 1'000'000;
  std::uint64_t work() const { return work_; }
  // The last run() ended at kMostWork.
  bool cut_short() const { return cut_short_; }

 private:
  Scenario scenario_;
  NetworkSpec spec_;
  bool whole_ = true;
  std::uint64_t work_ = 0;
  bool cut_short_ = false;
};

}  // namespace millrace
