#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/base/figure_text.hpp"
#include "runtime/planner/planning_result.hpp"

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

std::string plan_text(const PlanningProblem& problem, const std::vector<PlannedStage>& stages) {
  std::string text;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto& stage = stages[s];
    const bool coded = s + 1 < stages.size() && problem.codings.size() > 1;
    text += fmt::format("{}{} {}-{}{}", s == 0 ? "" : " | ", problem.devices[stage.device].name,
                        stage.layers.first, stage.layers.last,
                        coded ? fmt::format(" at {:g} bits", bits_of(problem, stage)) : std::string());
  }
  return text;
}

// Of the cut after a stage.
std::string bits_text(const PlanningProblem& problem, const PlanningResult& result, std::size_t s) {
  if (s + 1 == result.stages.size()) return "-";
  if (result.bits_range) return fmt::format("{:g}-{:g}", result.bits_range->fewest, result.bits_range->most);
  return fmt::format("{:g}", bits_of(problem, result.stages[s]));
}

// The figures of the simulated run, and how much better a plan can be.
std::string simulation_lines(const PlanningResult& result) {
  std::string text;
  if (result.bits_range) {
    const auto& range = *result.bits_range;
    text += fmt::format(
        "with {:g} to {:g} bits per value: {:.5g} to {:.5g} images/s, fill latency {:.5f} to {:.5f} s\n",
        range.fewest, range.most, range.with_fewest.throughput_images_per_s,
        range.with_most.throughput_images_per_s, range.with_fewest.latency_s, range.with_most.latency_s);
  }
  if (result.simulated) {
    const auto& run = *result.simulated;
    text += fmt::format(
        "simulated over {} {} images ({:.5g} s, fill and drain included): {:.5g} images/s, latency p50 "
        "{:.5f} s\n",
        run.whole ? "the run's" : "the run's first", run.images, run.duration_s, run.throughput_images_per_s,
        run.latency_p50_s);
  }
  if (const auto gap = result.gap())
    text += fmt::format("bound: {:.5g} images/s; the simulated run is {:.1f} % below it\n",
                        result.bound_images_per_s, 100 * *gap);
  if (!result.not_simulated.empty()) text += "not simulated: " + result.not_simulated + "\n";
  if (!result.changing.empty())
    text += "not exact: the model knows only the mean of " + joined(result.changing, ", ") + "\n";
  if (!result.candidates.empty())
    text += fmt::format("chosen in the simulation from {} candidate{} and {} variation{}\n",
                        result.candidates.size(), result.candidates.size() == 1 ? "" : "s", result.variations,
                        result.variations == 1 ? "" : "s");
  return text;
}

std::string candidate_rows(const PlanningProblem& problem, const PlanningResult& result) {
  if (result.candidates.size() < 2) return {};
  std::string text = fmt::format("\ncandidates, images/s\n  {:>10} {:>10}\n", "predicted", "simulated");
  for (const auto& candidate : result.candidates)
    text += fmt::format("  {:>10.5g} {:>10.5g}  {}{}\n", candidate.predicted_images_per_s,
                        candidate.simulated.throughput_images_per_s, plan_text(problem, candidate.stages),
                        candidate.chosen ? "  <- chosen" : "");
  return text;
}

Json simulated_json(const PlanningResult& result) {
  if (!result.simulated) return nullptr;
  const auto& run = *result.simulated;
  return {{"throughput_images_per_s", run.throughput_images_per_s},
          {"latency_ms_p50", run.latency_p50_s * 1e3},
          {"duration_s", run.duration_s},
          {"images", run.images},
          {"whole_run", run.whole}};
}

Json candidates_json(const PlanningProblem& problem, const PlanningResult& result) {
  Json rows = Json::array();
  for (const auto& candidate : result.candidates) {
    Json stages = Json::array();
    for (const auto& stage : candidate.stages)
      stages.push_back({{"device", problem.devices[stage.device].name},
                        {"layers", {stage.layers.first, stage.layers.last}},
                        {"bits", bits_of(problem, stage)}});
    rows.push_back({{"stages", std::move(stages)},
                    {"predicted_images_per_s", candidate.predicted_images_per_s},
                    {"simulated_images_per_s", candidate.simulated.throughput_images_per_s},
                    {"chosen", candidate.chosen}});
  }
  return rows;
}

Json bits_range_json(const PlanningResult& result) {
  if (!result.bits_range) return nullptr;
  const auto& range = *result.bits_range;
  return {{"fewest", range.fewest},
          {"most", range.most},
          {"throughput_images_per_s",
           {range.with_fewest.throughput_images_per_s, range.with_most.throughput_images_per_s}},
          {"latency_s", {range.with_fewest.latency_s, range.with_most.latency_s}}};
}

std::string stage_rows(const PlanningProblem& problem, const PlanningResult& result) {
  std::size_t width = 6;
  for (const auto& stage : result.stages) width = std::max(width, problem.devices[stage.device].name.size());
  std::string text = fmt::format("{:<6} {:<{}} {:>9} {:>12} {:>12} {:>6} {:>11}\n", "stage", "device", width,
                                 "layers", "compute [s]", "transfer [s]", "bits", "memory");
  for (std::size_t s = 0; s < result.stages.size(); ++s) {
    const auto& stage = result.stages[s];
    const auto& device = problem.devices[stage.device];
    std::string mark;
    if (is_bottleneck(result, s, false)) mark = "  <- bottleneck: compute";
    if (is_bottleneck(result, s, true)) mark = "  <- bottleneck: transfer";
    text += fmt::format("{:<6} {:<{}} {:>9} {:>12} {:>12} {:>6} {:>11}{}\n", s + 1, device.name, width,
                        fmt::format("{}-{}", stage.layers.first, stage.layers.last),
                        figure_text(stage.period_s(), 5), figure_text(stage.transfer_s, 5),
                        bits_text(problem, result, s), memory_text(stage.memory_bytes), mark);
  }
  return text;
}

std::string figures(const Prediction& p) {
  return fmt::format("{:>10} s {:>12.5g} images/s {:>10} s fill", figure_text(p.bottleneck_s, 5),
                     p.throughput_images_per_s, figure_text(p.latency_s, 5));
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
  if ((result.algorithm == "optimal" || result.algorithm == "joint") && result.changing.empty()) {
    text += result.exact
                ? "exact: no better plan exists under this model\n"
                : fmt::format("heuristic: no plan can have a bottleneck below {:.5f} s ({:.1f} % less)\n",
                              result.lower_bound_s, 100 * (1 - result.lower_bound_s / p.bottleneck_s));
  }
  text += simulation_lines(result);
  if (result.planning_s > 0) text += fmt::format("planned in {:.3f} s\n", result.planning_s);
  for (const auto& violation : result.violations) text += "NOT POSSIBLE: " + violation + "\n";
  text += candidate_rows(problem, result);
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
  root["bound_images_per_s"] =
      result.bound_images_per_s > 0 ? Json(result.bound_images_per_s) : Json(nullptr);
  root["changing"] = result.changing;
  root["simulated"] = simulated_json(result);
  root["gap"] = result.gap() ? Json(*result.gap()) : Json(nullptr);
  root["not_simulated"] = result.not_simulated.empty() ? Json(nullptr) : Json(result.not_simulated);
  root["candidates"] = candidates_json(problem, result);
  root["variations"] = result.variations;
  root["bits_range"] = bits_range_json(result);
  return root.dump(2) + "\n";
}

}  // namespace millrace
