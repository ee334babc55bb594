// The figures of mode simulate for a plan on the fluid network, without a run directory: the same nodes,
// costs, network and summary as `millrace run --mode simulate` with network.kind fluid, so that a plan can be
// tried over the run's own window (its images, arrivals, traces and their offsets, events, policy) before it
// is chosen. Surprising fact: of a run of many microbatches only the first kMostMicrobatches are tried, and
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
    double filled_images_per_s = 0;  // between first and last arrival at the sink; 0 with a single arrival
    double last_created_s = 0;       // when the source had the last microbatch (open loop: its arrival)
  };

  // `spec` is the scenario's network. Whatever the scenario's mode, compute costs what its profiles say.
  DryRun(const Scenario& scenario, NetworkSpec spec);

  // Nothing where the run is not over at `until`: it cannot be the best then. Errors: the fluid network
  // cannot carry the run, the run gets stuck, or Ctrl-C.
  Result<std::optional<Figures>> run(const Plan& plan, Time until = Time::never());

  // The work of the last run(), the same on every machine. A message or acknowledgement counts 1 (some 4 us),
  // a packet of a message 1/kPacketsPerMessage (some 0.12 us), an event of the network itself (cross traffic,
  // and recalculations for it) 1; these events are counted in steps of NetworkTaps::kEventsPerQuestion.
  static constexpr std::uint64_t kPacketsPerMessage = 32;
  // A run that would take more is cut short there, as if it ended there.
  static constexpr std::uint64_t kMostWork = 1'000'000;
  std::uint64_t work() const { return work_; }
  // Whether the last run() ended at kMostWork.
  bool cut_short() const { return cut_short_; }

 private:
  Scenario scenario_;
  NetworkSpec spec_;
  bool whole_ = true;
  std::uint64_t work_ = 0;
  bool cut_short_ = false;
};

}  // namespace millrace
