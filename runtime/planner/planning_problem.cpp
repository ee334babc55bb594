#include "runtime/planner/planning_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace millrace {

namespace {

constexpr int kMaxLayers = 4096;
constexpr std::size_t kMaxDevices = 1024;
constexpr std::size_t kMaxCodings = 64;

Error fault(const std::string& text) { return {"planning: " + text, ExitCode::invalid_input}; }

bool sound(double value) { return std::isfinite(value) && value >= 0; }

// Empty, or `size` sound numbers.
Result<void> check_list(const std::string& what, const std::vector<double>& values, std::size_t size) {
  if (!values.empty() && values.size() != size)
    return fault(fmt::format("{} has {} numbers, expected {}", what, values.size(), size));
  for (const double value : values) {
    if (!sound(value)) return fault(fmt::format("{} holds {}, expected a number >= 0", what, value));
  }
  return {};
}

Result<void> check_device(const PlanningDevice& device, std::size_t layers) {
  if (device.stage && device.compute_s.size() != layers)
    return fault(fmt::format("device {} has costs of {} sub-layers, the model has {}", device.name,
                             device.compute_s.size(), layers));
  if (auto good = check_list("compute_s of " + device.name, device.compute_s, layers); !good) return good;
  if (auto good = check_list("decode_s of " + device.name, device.decode_s, layers + 1); !good) return good;
  if (auto good = check_list("encode_s of " + device.name, device.encode_s, layers + 1); !good) return good;
  if (device.memory_bytes && !sound(*device.memory_bytes))
    return fault("memory of " + device.name + " must be a finite number >= 0");
  return {};
}

Result<void> check_hops(const PlanningProblem& problem) {
  const auto all = problem.devices.size();
  if (problem.hops.size() != all) return fault("hops is not square over the devices");
  for (const auto& row : problem.hops) {
    if (row.size() != all) return fault("hops is not square over the devices");
    for (const auto& hop : row) {
      if (!(hop.bit_per_s >= 0) || !sound(hop.latency_s) || !sound(hop.feedback_s))
        return fault("a hop has a rate or latency below 0");
      for (const auto link : hop.links) {
        if (link >= problem.links.size() || !(problem.links[link].bit_per_s > 0))
          return fault("a hop uses a link that the problem lacks, or one without a rate");
      }
    }
  }
  return {};
}

Result<void> check_codings(const PlanningProblem& problem, std::size_t layers) {
  if (problem.codings.empty() || problem.codings.size() > kMaxCodings)
    return fault(fmt::format("{} codings, expected 1 to {}", problem.codings.size(), kMaxCodings));
  for (const auto& coding : problem.codings) {
    const auto name = fmt::format("{} bits", coding.bits_per_value);
    if (coding.wire_bytes.size() != layers + 1) return fault("wire_bytes of " + name + " is not one per cut");
    if (auto good = check_list("wire_bytes of " + name, coding.wire_bytes, layers + 1); !good) return good;
    if (auto good = check_list("retained of " + name, coding.retained, layers + 1); !good) return good;
    if (!coding.possible.empty() && coding.possible.size() != layers + 1)
      return fault("possible of " + name + " is not one per cut");
    for (const double share : coding.retained) {
      if (share > 1) return fault("retained of " + name + " is beyond 1");
    }
    if (coding.wire_bytes.front() != problem.codings.front().wire_bytes.front() ||
        coding.wire_bytes.back() != problem.codings.front().wire_bytes.back())
      return fault("codings differ in the size of the input or of the result");
  }
  return {};
}

Result<void> check_goal(const PlanningProblem& problem) {
  const PlanningGoal& goal = problem.goal;
  if (!(goal.latency_bound_s > 0)) return fault("latency_bound_s must be greater than 0");
  if (!sound(goal.target_images_per_s)) return fault("target_images_per_s must be >= 0");
  if (!(goal.accuracy_floor >= 0 && goal.accuracy_floor <= 1))
    return fault("accuracy_floor must be within 0 and 1");
  if (!(problem.baseline_accuracy >= 0 && problem.baseline_accuracy <= 1))
    return fault("baseline_accuracy must be within 0 and 1");
  using Objective = PlanningGoal::Objective;
  if (goal.objective == Objective::accuracy && goal.target_images_per_s == 0)
    return fault("the objective accuracy needs target_images_per_s");
  if (std::isfinite(goal.latency_bound_s) && goal.objective != Objective::throughput)
    return fault("a latency bound needs the objective throughput");
  if (goal.accuracy_floor > 0 && goal.objective != Objective::throughput)
    return fault("an accuracy floor needs the objective throughput");
  if (goal.accuracy_floor > 0 && std::isfinite(goal.latency_bound_s))
    return fault("an accuracy floor and a latency bound together are beyond the planner");
  return {};
}

}  // namespace

Result<void> check_problem(const PlanningProblem& problem) {
  if (problem.layers < 1 || problem.layers > kMaxLayers)
    return fault(fmt::format("{} sub-layers, expected 1 to {}", problem.layers, kMaxLayers));
  if (problem.images < 1) return fault("a microbatch needs images");
  if (problem.devices.empty() || problem.devices.size() > kMaxDevices)
    return fault(fmt::format("{} devices, expected 1 to {}", problem.devices.size(), kMaxDevices));
  const auto layers = static_cast<std::size_t>(problem.layers);
  for (const auto& device : problem.devices) {
    if (auto good = check_device(device, layers); !good) return good;
  }
  if (std::none_of(problem.devices.begin(), problem.devices.end(), [](const auto& d) { return d.stage; }))
    return fault("no device runs stages");
  for (const auto& end : {problem.source, problem.sink}) {
    if (end && *end >= problem.devices.size()) return fault("source or sink is not a device of the problem");
  }
  if (problem.window < 0 || problem.inbound_buffers < 0 || problem.outbound_buffers < 0)
    return fault("window and buffers must be >= 0");
  if (auto good = check_hops(problem); !good) return good;
  if (auto good = check_codings(problem, layers); !good) return good;
  for (const auto& [name, list, size] :
       {std::tuple("weight_bytes", &problem.weight_bytes, layers),
        std::tuple("working_bytes", &problem.working_bytes, layers),
        std::tuple("buffer_bytes", &problem.buffer_bytes, layers + 1),
        std::tuple("activation_bytes", &problem.activation_bytes, layers + 1)}) {
    if (auto good = check_list(name, *list, size); !good) return good;
  }
  return check_goal(problem);
}

double stage_memory_bytes(const PlanningProblem& problem, int first_cut, int last_cut) {
  const auto i = static_cast<std::size_t>(first_cut);
  const auto j = static_cast<std::size_t>(last_cut);
  const auto of = [](const std::vector<double>& list, std::size_t at) { return list.empty() ? 0 : list[at]; };
  double weights = 0, working = 0;
  for (std::size_t layer = i; layer < j; ++layer) {
    weights += of(problem.weight_bytes, layer);
    working = std::max(working, of(problem.working_bytes, layer));
  }
  const int inbound = i > 0 || problem.first_stage_buffers_input ? problem.inbound_buffers : 0;
  return weights + inbound * of(problem.buffer_bytes, i) +
         problem.outbound_buffers * of(problem.buffer_bytes, j) + of(problem.activation_bytes, i) +
         of(problem.activation_bytes, j) + working;
}

}  // namespace millrace
