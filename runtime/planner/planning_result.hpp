// The result of planning: the plan with its predicted figures, the plans it was compared with, and its table
// and JSON. The JSON fields are fixed: scripts rely on them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/model/layer_range.hpp"
#include "runtime/planner/planning_problem.hpp"

namespace millrace {

struct PlannedStage {
  std::size_t device = 0;  // index in the problem's devices
  LayerRange layers;
  std::size_t coding = 0;  // index in the problem's codings, of the cut after the stage
  double decode_s = 0, compute_s = 0, encode_s = 0;
  double transfer_s = 0;          // hop period of what it sends, result included
  double transfer_latency_s = 0;  // what the hop adds to the fill latency
  double memory_bytes = 0;

  double period_s() const { return decode_s + compute_s + encode_s; }
};

struct Prediction {
  double bottleneck_s = 0;
  double latency_s = 0;  // fill: one microbatch through the empty pipeline
  double throughput_images_per_s = 0;
  double accuracy = 0;
  std::string bottleneck;  // "compute of stage 3", "transfer from stage 2 to stage 3", "input transfer"
};

struct PlanningAlternative {
  std::string algorithm;
  std::optional<Prediction> prediction;
  std::string finding{};  // why there is no plan, or what is wrong with it ("needs more memory than …")
};

// Figures of a simulated run of the plan, fill and drain included.
struct SimulatedFigures {
  double throughput_images_per_s = 0;
  double latency_p50_s = 0;
  double duration_s = 0;
  std::uint64_t images = 0;
  bool whole = true;  // false: the first `images` of a longer run
};

// A plan that was tried in the simulation.
struct PlanningCandidate {
  std::vector<PlannedStage> stages;
  double predicted_images_per_s = 0;
  SimulatedFigures simulated;
  bool chosen = false;
};

// The range of bits, and of predictions, with a policy that chooses its bits.
struct BitsRange {
  double fewest = 0, most = 0;
  Prediction with_fewest, with_most;
};

struct PlanningResult {
  std::string algorithm;
  std::vector<PlannedStage> stages;
  double input_s = 0;          // hop period of the input
  double input_latency_s = 0;  // what the input's transfer adds to the fill latency
  Prediction prediction;
  std::vector<std::string> violations{};  // hard constraints not met (comparators only)
  // Links that several activations cross, in the order of their index.
  struct SharedLink {
    std::size_t link = 0;  // index in the problem's links
    int transfers = 0;     // input and result included
    double period_s = 0;   // all of them together
  };
  std::vector<SharedLink> shared_links{};
  bool exact = false;        // no better plan exists under the model of planning_problem.hpp
  double lower_bound_s = 0;  // no plan has a shorter bottleneck; where exact, this plan's bottleneck
  double planning_s = 0;
  std::vector<PlanningAlternative> alternatives{};

  // Filled in by sim/run/planned_scenario.hpp only. What the model knows only by its mean: links that change
  // or lose packets, cross traffic, bits that a policy chooses. If there is any, the plan is never `exact`.
  std::vector<std::string> changing{};
  std::optional<SimulatedFigures> simulated{};
  std::string not_simulated{};  // why `simulated` is empty
  double bound_images_per_s =
      0;  // no plan is faster; if only this plan was considered, it is not faster; 0: unknown
  std::vector<PlanningCandidate> candidates{};  // the plans that were tried, best by the model first
  std::size_t variations = 0;                   // how many variations of them were tried as well
  std::optional<BitsRange> bits_range{};
  // How far the simulated run stays below the bound, share of 1.
  std::optional<double> gap() const {
    if (!simulated || bound_images_per_s <= 0) return std::nullopt;
    return 1 - simulated->throughput_images_per_s / bound_images_per_s;
  }
};

// Fills in the figures of stages whose device, layers and coding are given. Violated constraints (memory, no
// way between two devices) are listed, not refused. REQUIRES check_problem(), ranges contiguous from 1 to
// `layers`.
PlanningResult predict(const PlanningProblem& problem, const std::vector<PlannedStage>& stages);

// One line per stage with a mark at the bottleneck, the predicted rate and latency, the alternatives.
std::string planning_table(const PlanningProblem& problem, const PlanningResult& result);
// {algorithm, model, bottleneck_s, bottleneck, throughput_images_per_s, latency_s, accuracy, exact,
//  lower_bound_s, planning_s, input_s, stages: [{device, layers: [first, last], bits, decode_s, compute_s,
//  encode_s, transfer_s, memory_mib, bottleneck}], unused: [device], violations: [..],
//  alternatives: [{algorithm, bottleneck_s, throughput_images_per_s, latency_s, accuracy, finding}],
//  bound_images_per_s, changing: [..], simulated: {throughput_images_per_s, latency_ms_p50, duration_s,
//  images, whole_run}, gap, not_simulated, candidates: [{stages: [{device, layers, bits}],
//  predicted_images_per_s, simulated_images_per_s, chosen}], variations, bits_range: {fewest, most,
//  throughput_images_per_s: [2], latency_s: [2]}}; an unknown value is null
std::string planning_json(const PlanningProblem& problem, const PlanningResult& result);

}  // namespace millrace
