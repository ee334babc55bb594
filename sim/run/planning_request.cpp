#include "sim/run/planning_request.hpp"

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"

namespace millrace {

bool PlanningLog::operator()(const PlanningProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_) {
    log_note("planning: {}, {:.0f} %", progress.phase, 100 * progress.share);
    next_ = now + kEvery;
  }
  return !interrupt_requested();
}

PlanningGoal planning_goal_of(const PolicySection::Partition& partition) {
  PlanningGoal goal;
  if (partition.objective == "latency") goal.objective = PlanningGoal::Objective::latency;
  if (partition.latency_bound) goal.latency_bound_s = partition.latency_bound->seconds();
  goal.target_images_per_s = partition.target_images_per_s;
  if (partition.kind != "joint") return goal;
  goal.accuracy_floor = partition.accuracy_floor;
  if (partition.target_images_per_s > 0) goal.objective = PlanningGoal::Objective::accuracy;
  return goal;
}

PlanningRequest planning_request_of(const Scenario& scenario) {
  const auto& partition = scenario.policy.partition;
  PlanningRequest request{.algorithm = partition.kind, .cuts = partition.cuts, .compare = false};
  for (const auto& name : partition.devices) {
    for (std::size_t d = 0; d < scenario.devices.size(); ++d) {
      if (scenario.devices[d].name == name) request.devices.push_back(d);
    }
  }
  return request;
}

Plan plan_of(const Scenario& scenario, const PlanningProblem& problem, const PlanningResult& result) {
  Plan plan;
  for (std::uint32_t d = 0; d < scenario.devices.size(); ++d) {
    if (scenario.devices[d].source) plan.source = {d};
    if (scenario.devices[d].sink) plan.sink = {d};
  }
  for (const auto& stage : result.stages)
    plan.stages.push_back({{static_cast<std::uint32_t>(stage.device)}, stage.layers});
  for (std::size_t s = 0; result.algorithm == "joint" && s + 1 < result.stages.size(); ++s)
    plan.stages[s].bits = problem.codings[result.stages[s].coding].bits_per_value;
  return plan;
}

}  // namespace millrace
