// What a planner answers: the plan with its predicted figures, what it was compared with, and how it is
// shown. The JSON fields are fixed: scripts rely on them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/model/layer_range.hpp"
#include "runtime/policy/planning_problem.hpp"

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
  std::string finding{};  // why there is none, or what is wrong with it ("needs more memory than …")
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
  double lower_bound_s = 0;  // no plan has a shorter bottleneck; its own where exact
  double planning_s = 0;
  std::vector<PlanningAlternative> alternatives{};
};

// Fills in the figures of stages whose device, layers and coding are given. Violated constraints (memory, no
// way between two devices) are listed, not refused. REQUIRES check_problem(), ranges contiguous from 1 to
// `layers`.
PlanningResult predict(const PlanningProblem& problem, const std::vector<PlannedStage>& stages);

// One line per stage, which is the bottleneck, the predicted rate and latency, the alternatives.
std::string planning_table(const PlanningProblem& problem, const PlanningResult& result);
// {algorithm, model, bottleneck_s, bottleneck, throughput_images_per_s, latency_s, accuracy, exact,
//  lower_bound_s, planning_s, input_s, stages: [{device, layers: [first, last], bits, decode_s, compute_s,
//  encode_s, transfer_s, memory_mib, bottleneck}], unused: [device], violations: [..],
//  alternatives: [{algorithm, bottleneck_s, throughput_images_per_s, latency_s, accuracy, finding}]}
std::string planning_json(const PlanningProblem& problem, const PlanningResult& result);

}  // namespace millrace
