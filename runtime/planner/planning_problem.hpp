// The planning problem, independent of scenarios and files: devices, what work costs on them, what crosses
// each cut, how devices reach each other, and the goal of the plan. All numbers are for one microbatch.
// Surprising fact: PipeEdge's model is this one without source, sink, latencies, codec costs and a window.
//
// The model that predicts a plan. A plan is a sequence of stages; each runs a contiguous range of sub-layers
// i+1..j (it lies between the cuts i and j) on a device of its own; cut 0 is the input, cut `layers` the
// result. Compute and transfers overlap; one device does its own work one piece after the other. So
//
//   stage period  = decode(i) + compute(i+1..j) + encode(j)                       on its device
//   hop period    = max(bytes(k)·8 / rate(u,v), (bytes(k)·8 / rate(u,v) + latency(u,v) + feedback(u,v)) / W)
//                   with W = window, the most activations in flight without acknowledgement (0: no bound)
//   link period   = the sum of bytes·8 / rate of all activations, input and result included, that cross it
//   bottleneck    = the longest of all stage periods, all hop periods between stages, that of the input from
//                   the source and that of the result to the sink, and all link periods. Searches ignore link
//                   periods; shared_links.hpp accounts for them
//   throughput    = images / bottleneck
//   fill latency  = the sum of all stage periods and all transfer times bytes(k)·8 / rate + latency
//   memory(i,j)   = weights + inbound_buffers·buffer(i) + outbound_buffers·buffer(j) + activation(i) +
//                   activation(j) + the largest working set of a sub-layer; must not exceed the device's
//   accuracy      = baseline · product over the stages' inner cuts of retained(k) in the coding of that cut
//
// A hop from a device to itself is free. Every device takes at most one stage and may be left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

struct PlanningDevice {
  std::string name;
  bool stage = true;              // may run a stage
  std::vector<double> compute_s;  // of every sub-layer; needed where `stage`
  // By cut, 0..layers: preparing what crosses it for compute, and for the link. Empty: free.
  std::vector<double> decode_s{}, encode_s{};
  std::optional<double> memory_bytes{};  // nothing: no limit
};

// How one device reaches another.
struct PlanningHop {
  double bit_per_s = 0;  // 0: not at all; infinity: free
  double latency_s = 0;  // from the last bit sent to the last bit received
  // From then on until the sender knows that the receiver has taken the activation.
  double feedback_s = 0;
  std::vector<std::uint32_t> links{};  // that it crosses, indices in the problem's; empty: shares no link
};

// A link that several hops may use. Acknowledgements are small and not counted in its load.
struct PlanningLink {
  std::string name;  // "a -> b"
  double bit_per_s = 0;
};

// One way to encode what crosses the cuts between stages.
struct PlanningCoding {
  double bits_per_value = 32;      // its name in plans and reports
  std::vector<double> wire_bytes;  // by cut, 0..layers; those of input and result are the same in all codings
  // By cut: share of the baseline accuracy that one such cut leaves; empty: 1.
  std::vector<double> retained{};
  // By cut: whether the coding may be used there (its accuracy is known); empty: everywhere. Ignored for
  // input and result.
  std::vector<bool> possible{};
};

struct PlanningGoal {
  enum class Objective : std::uint8_t {
    throughput,  // the shortest bottleneck; among equals the shortest fill latency
    latency,     // the shortest fill latency
    accuracy,  // the best accuracy at `target_images_per_s` or faster; among equals the shortest fill latency
  };
  Objective objective = Objective::throughput;
  double latency_bound_s = std::numeric_limits<double>::infinity();  // of fill latency; with throughput
  double target_images_per_s = 0;  // required with accuracy; slower plans are infeasible
  double accuracy_floor = 0;       // with throughput: predicted accuracy at least this, share of 1
};

struct PlanningProblem {
  std::string model;  // for messages: "vit-base"
  int layers = 0;     // sub-layers
  int images = 1;     // of a microbatch
  std::vector<PlanningDevice> devices;
  // hops[from][to], square. hops[u][u] is ignored.
  std::vector<std::vector<PlanningHop>> hops;
  std::vector<PlanningLink> links{};
  // The devices that input comes from and results go to; nothing: those transfers are free.
  std::optional<std::size_t> source{}, sink{};
  int window = 0;

  std::vector<PlanningCoding> codings;  // not empty; more than one only for `joint`
  double baseline_accuracy = 1;

  std::vector<double> weight_bytes;        // of every sub-layer
  std::vector<double> buffer_bytes{};      // by cut, 0..layers: one activation while it waits; empty: 0
  std::vector<double> activation_bytes{};  // by cut: one activation during compute; empty: 0
  std::vector<double> working_bytes{};     // of every sub-layer, beside input and output; empty: 0
  int inbound_buffers = 2, outbound_buffers = 2;
  bool first_stage_buffers_input = true;  // false: the stage that begins at cut 0 has no inbound buffers

  PlanningGoal goal;
};

// Checks the sizes of all lists, finite and non-negative numbers, at most 4096 sub-layers and 1024 devices,
// shares within [0, 1], at least one device that runs stages. An error names the field.
Result<void> check_problem(const PlanningProblem& problem);

// Whether the coding may be used at the cut between two stages.
inline bool is_possible(const PlanningCoding& coding, int cut) {
  return coding.possible.empty() || coding.possible[static_cast<std::size_t>(cut)];
}

// memory(i,j) of the table above, in bytes. REQUIRES 0 <= first_cut < last_cut <= layers.
double stage_memory_bytes(const PlanningProblem& problem, int first_cut, int last_cut);

}  // namespace millrace
