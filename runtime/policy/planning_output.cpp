#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/policy/planning_result.hpp"

namespace millrace {

namespace {

constexpr double kMib = 1 << 20;
using Json = nlohmann::ordered_json;

bool is_bottleneck(const PlanningResult& result, std::size_t s, bool transfer) {
  const auto& stage = result.stages[s];
  return (transfer ? stage.transfer_s : stage.period_s()) == result.prediction.bottleneck_s;
}

double bits_of(const PlanningProblem& problem, const PlannedStage& stage) {
  return problem.codings[stage.coding].bits_per_value;
}

std::vector<std::string> unused(const PlanningProblem& problem, const PlanningResult& result) {
  std::vector<std::string> names;
  for (std::size_t d = 0; d < problem.devices.size(); ++d) {
    const bool used = std::any_of(result.stages.begin(), result.stages.end(),
                                  [d](const auto& stage) { return stage.device == d; });
    if (problem.devices[d].stage && !used) names.push_back(problem.devices[d].name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

std::string stage_rows(const PlanningProblem& problem, const PlanningResult& result) {
  std::size_t width = 6;
  for (const auto& stage : result.stages) width = std::max(width, problem.devices[stage.device].name.size());
  std::string text = fmt::format("{:<6} {:<{}} {:>9} {:>12} {:>12} {:>6} {:>11}\n", "stage", "device", width,
                                 "layers", "compute [s]", "transfer [s]", "bits", "memory");
  for (std::size_t s = 0; s < result.stages.size(); ++s) {
    const auto& stage = result.stages[s];
    const auto& device = problem.devices[stage.device];
    const bool last = s + 1 == result.stages.size();
    std::string mark;
    if (is_bottleneck(result, s, false)) mark = "  <- bottleneck: compute";
    if (is_bottleneck(result, s, true)) mark = "  <- bottleneck: transfer";
    text += fmt::format("{:<6} {:<{}} {:>9} {:>12.5f} {:>12.5f} {:>6} {:>7.1f} MiB{}\n", s + 1, device.name,
                        width, fmt::format("{}-{}", stage.layers.first, stage.layers.last), stage.period_s(),
                        stage.transfer_s, last ? "-" : fmt::format("{:g}", bits_of(problem, stage)),
                        stage.memory_bytes / kMib, mark);
  }
  return text;
}

std::string figures(const Prediction& p) {
  return fmt::format("{:>10.5f} s {:>12.5g} images/s {:>10.5f} s fill", p.bottleneck_s,
                     p.throughput_images_per_s, p.latency_s);
}

Json prediction_json(const Prediction& p) {
  return {{"bottleneck_s", p.bottleneck_s},
          {"throughput_images_per_s", p.throughput_images_per_s},
          {"latency_s", p.latency_s},
          {"accuracy", p.accuracy}};
}

}  // namespace

std::string planning_table(const PlanningProblem& problem, const PlanningResult& result) {
  const bool several = std::any_of(problem.codings.begin(), problem.codings.end(),
                                   [](const auto& coding) { return !coding.retained.empty(); });
  std::string text = fmt::format("{} of {}, {} sub-layers, microbatches of {} images\n\n", result.algorithm,
                                 problem.model, problem.layers, problem.images);
  if (problem.source) {
    text += fmt::format("input from {}: {:.5f} s{}\n", problem.devices[*problem.source].name, result.input_s,
                        result.input_s == result.prediction.bottleneck_s ? "  <- bottleneck: input" : "");
  }
  text += stage_rows(problem, result);
  if (const auto idle = unused(problem, result); !idle.empty())
    text += "unused: " + joined(idle, ", ") + "\n";
  const auto& p = result.prediction;
  text += fmt::format("\nbottleneck {:.5f} s ({}): {:.5g} images/s; fill latency {:.5f} s", p.bottleneck_s,
                      p.bottleneck, p.throughput_images_per_s, p.latency_s);
  if (several) text += fmt::format("; accuracy {:.4f}", p.accuracy);
  text += "\n";
  for (const auto& shared : result.shared_links)
    text += fmt::format("link {} is shared: {} transfers take {:.5f} s together\n",
                        problem.links[shared.link].name, shared.transfers, shared.period_s);
  if (result.algorithm == "optimal" || result.algorithm == "joint") {
    text += result.exact
                ? "exact: no better plan exists under this model\n"
                : fmt::format("heuristic: no plan can have a bottleneck below {:.5f} s ({:.1f} % less)\n",
                              result.lower_bound_s, 100 * (1 - result.lower_bound_s / p.bottleneck_s));
  }
  if (result.planning_s > 0) text += fmt::format("planned in {:.3f} s\n", result.planning_s);
  for (const auto& violation : result.violations) text += "NOT POSSIBLE: " + violation + "\n";
  if (!result.alternatives.empty()) text += "\nalternatives\n";
  for (const auto& other : result.alternatives) {
    text += fmt::format("  {:<28}", other.algorithm);
    if (other.prediction) {
      text += figures(*other.prediction);
      if (several) text += fmt::format("  accuracy {:.4f}", other.prediction->accuracy);
    }
    if (!other.finding.empty())
      text += fmt::format("{}{}", other.prediction ? "  NOT POSSIBLE: " : " ", other.finding);
    text += "\n";
  }
  return text;
}

std::string planning_json(const PlanningProblem& problem, const PlanningResult& result) {
  const auto& p = result.prediction;
  Json root = {{"algorithm", result.algorithm}, {"model", problem.model}};
  root["bottleneck"] = p.bottleneck;
  root.update(prediction_json(p));
  root["exact"] = result.exact;
  root["lower_bound_s"] = result.lower_bound_s;
  root["planning_s"] = result.planning_s;
  root["input_s"] = result.input_s;
  root["stages"] = Json::array();
  for (std::size_t s = 0; s < result.stages.size(); ++s) {
    const auto& stage = result.stages[s];
    root["stages"].push_back(
        {{"device", problem.devices[stage.device].name},
         {"layers", {stage.layers.first, stage.layers.last}},
         {"bits", bits_of(problem, stage)},
         {"decode_s", stage.decode_s},
         {"compute_s", stage.compute_s},
         {"encode_s", stage.encode_s},
         {"transfer_s", stage.transfer_s},
         {"memory_mib", stage.memory_bytes / kMib},
         {"bottleneck", is_bottleneck(result, s, false) || is_bottleneck(result, s, true)}});
  }
  root["unused"] = unused(problem, result);
  root["violations"] = result.violations;
  root["alternatives"] = Json::array();
  for (const auto& other : result.alternatives) {
    Json row = {{"algorithm", other.algorithm}};
    if (other.prediction) row.update(prediction_json(*other.prediction));
    if (!other.finding.empty()) row["finding"] = other.finding;
    root["alternatives"].push_back(std::move(row));
  }
  return root.dump(2) + "\n";
}

}  // namespace millrace
