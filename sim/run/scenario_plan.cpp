#include "sim/run/scenario_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "runtime/base/figure_text.hpp"
#include "runtime/base/log.hpp"
#include "runtime/planner/partition.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/run/planned_scenario.hpp"
#include "sim/run/scenario_problem.hpp"

namespace millrace {

namespace {

// The line that a run logs about its plan before it begins.
std::string planned_note(const PlannedScenario& planned) {
  const auto& result = planned.result;
  std::string text = fmt::format("planned ({}): {} stages, {:.4g} images/s predicted, bound by the {}",
                                 result.algorithm, result.stages.size(),
                                 result.prediction.throughput_images_per_s, result.prediction.bottleneck);
  if (result.algorithm == "joint") text += fmt::format("; accuracy {:.4f}", result.prediction.accuracy);
  if (result.simulated)
    text += fmt::format("; simulated over {} images: {:.4g} images/s", result.simulated->images,
                        result.simulated->throughput_images_per_s);
  if (const auto gap = result.gap())
    text += fmt::format(", {:.1f} % below the bound of {:.4g}", 100 * *gap, result.bound_images_per_s);
  if (!result.candidates.empty())
    text += fmt::format(" (best of {} plans)", result.candidates.size() + result.variations);
  if (!result.not_simulated.empty()) text += "; not simulated: " + result.not_simulated;
  return text;
}

Result<Plan> planned_by_cost(const Scenario& scenario, const NetworkSpec* network) {
  auto request = planning_request_of(scenario);
  request.watch = PlanningLog();
  const auto planned = plan_scenario(scenario, request, network);
  if (!planned) return planned.error();
  // Violated memory constraints are handled by check_memory().
  if (std::isinf(planned->result.prediction.latency_s))
    return Error{
        fmt::format("infeasible: policy.partition.kind: {}: {}; add a link, or name devices in the "
                    "order in which links join them",
                    request.algorithm, fmt::join(planned->result.violations, "; "))};
  log_note("{}", planned_note(*planned));
  return planned->plan;
}

// The plan for kinds `even` and `fixed`.
Result<Plan> planned_by_count(const Scenario& scenario) {
  PartitionRequest request{
      .sub_layers = scenario.model.config.sub_layers(), .source = {}, .sink = {}, .devices = {}};
  const auto& partition = scenario.policy.partition;
  for (const auto& name : partition.devices) {
    for (std::uint32_t i = 0; i < scenario.devices.size(); ++i) {
      if (scenario.devices[i].name == name) request.devices.push_back({i});
    }
  }
  for (std::uint32_t i = 0; i < scenario.devices.size(); ++i) {
    const auto& device = scenario.devices[i];
    if (device.source) request.source = {i};
    if (device.sink) request.sink = {i};
    if (device.stage && partition.devices.empty()) request.devices.push_back({i});
  }
  return partition.kind == "fixed" ? plan_with_cuts(request, partition.cuts) : plan_evenly(request);
}

}  // namespace

Result<Plan> make_scenario_plan(const Scenario& scenario, const NetworkSpec* network) {
  return plans_by_cost(scenario.policy.partition.kind) ? planned_by_cost(scenario, network)
                                                       : planned_by_count(scenario);
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
          fmt::format("infeasible: the weights of stage {} take {}, {} has {}; give "
                      "the stage fewer sub-layers or the device more memory, or set "
                      "policy.partition.kind to optimal",
                      s + 1, memory_text(weights), device.name, memory_text(has))};
    if (!problem) {
      problem.emplace();
      if (auto filled = fill_memory(scenario, bits.value_or(scenario.policy.quantization.bits), *problem);
          !filled)
        return filled.error();
    }
    const double need = stage_memory_bytes(*problem, layers.first - 1, layers.last);
    if (need > has)
      warnings.push_back(
          fmt::format("device {}: stage {} is estimated to need {} with buffers and "
                      "working set, its memory is {}; the run goes on",
                      device.name, s + 1, memory_text(need), memory_text(has)));
  }
  return warnings;
}

}  // namespace millrace
