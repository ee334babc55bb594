#include "sim/run/scenario_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/policy/registry.hpp"
#include "runtime/scenario/names.hpp"
#include "sim/run/planned_scenario.hpp"
#include "sim/run/scenario_problem.hpp"

namespace millrace {

namespace {

constexpr double kMib = 1 << 20;

Result<Plan> planned_by_cost(const Scenario& scenario) {
  auto request = planning_request_of(scenario);
  request.watch = PlanningLog();
  const auto planned = plan_scenario(scenario, request);
  if (!planned) return planned.error();
  // Of the constraints violated, memory has a rule of its own, check_memory().
  if (std::isinf(planned->result.prediction.latency_s))
    return Error{
        fmt::format("infeasible: policy.partition.kind: {}: {}; add a link, or name devices in the "
                    "order in which links join them",
                    request.algorithm, fmt::join(planned->result.violations, "; "))};
  log_note("{}", planned_note(*planned));
  return planned->plan;
}

}  // namespace

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

Result<Plan> make_scenario_plan(const Scenario& scenario) {
  return plans_by_cost(scenario.policy.partition.kind) ? planned_by_cost(scenario) : make_plan(scenario);
}

Result<std::vector<std::string>> check_memory(const Scenario& scenario, const Plan& plan) {
  std::vector<std::string> warnings;
  std::optional<PlanningProblem> problem;
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    const auto& [device_id, layers, bits] = plan.stages[s];
    const auto& device = scenario.devices.at(device_id.value);
    if (!device.memory) continue;
    const auto has = static_cast<double>(device.memory->count());
    const auto weights = static_cast<double>(weight_bytes(scenario.model.config, layers).count());
    if (weights > has)
      return Error{
          fmt::format("infeasible: the weights of stage {} take {:.1f} MiB, {} has {:.1f} MiB; give "
                      "the stage fewer sub-layers or the device more memory, or set "
                      "policy.partition.kind to optimal",
                      s + 1, weights / kMib, device.name, has / kMib)};
    if (!problem) {
      problem.emplace();
      if (auto filled = fill_memory(scenario, bits.value_or(scenario.policy.quantization.bits), *problem);
          !filled)
        return filled.error();
    }
    const double need = stage_memory_bytes(*problem, layers.first - 1, layers.last);
    if (need > has)
      warnings.push_back(
          fmt::format("device {}: stage {} is estimated to need {:.1f} MiB with buffers and "
                      "working set, its memory is {:.1f} MiB; the run goes on",
                      device.name, s + 1, need / kMib, has / kMib));
  }
  return warnings;
}

}  // namespace millrace
