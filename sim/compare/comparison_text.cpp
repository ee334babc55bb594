#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "runtime/base/figure_text.hpp"
#include "sim/compare/comparison.hpp"

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;
using Figure = std::optional<double>;

Json number(const Figure& figure) { return figure ? Json(*figure) : Json(nullptr); }

Json shares_json(const std::vector<StageShares>& stages) {
  Json rows = Json::array();
  for (const auto& stage : stages) {
    Json row = {{"device", stage.device}};
    for (std::size_t k = 0; k < stage.share.size(); ++k)
      row[std::string(kAttributionNames[k])] = number(stage.share[k]);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json errors_json(const RunErrors& errors) {
  return {{"throughput", number(errors.throughput)},
          {"p50", number(errors.p50)},
          {"p95", number(errors.p95)},
          {"p99", number(errors.p99)},
          {"bits_per_value_mean", number(errors.bits)},
          {"top1", number(errors.top1)},
          {"attribution_worst", number(errors.worst_attribution())},
          {"attribution", shares_json(errors.attribution)}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json run_json(const Comparison& comparison, std::size_t index, bool reference) {
  const auto& run = comparison.runs[index];
  const bool other_links = comparison.other_links[index];
  Json caveats = Json::array();
  for (const auto& [id, text] : run.caveats) caveats.push_back({{"id", id}, {"text", text}});
  const auto errors = reference ? Json(nullptr) : errors_json(comparison.errors[index]);
  return {
      {"directory", run.directory},
      {"label", comparison.labels[index]},
      {"mode", run.mode},
      {"network", run.network},
      {"policy", run.policy},
      {"complete", run.complete},
      {"compute", text_or_null(run.compute)},
      {"link_conditions", text_or_null(run.link_conditions)},
      {"caveats", caveats},
      {"reference", reference},
      {"throughput_images_per_s", number(run.throughput_images_per_s)},
      {"latency_ms", {{"p50", number(run.p50_ms)}, {"p95", number(run.p95_ms)}, {"p99", number(run.p99_ms)}}},
      {"bits_per_value_mean", number(run.bits_per_value)},
      {"top1", number(run.top1)},
      {"attribution", shares_json(run.stages)},
      {"errors", other_links ? Json(nullptr) : errors},
      {"differences_by_links_not_applied", other_links ? errors : Json(nullptr)}};
}

Json ranking_json(const Comparison& comparison, const WorldRanking& ranking) {
  Json pairs = Json::array();
  for (const auto& pair : ranking.pairs) {
    pairs.push_back({{"faster", comparison.runs[pair.first].directory},
                     {"slower", comparison.runs[pair.second].directory},
                     {"agrees", pair.agrees}});
  }
  return {{"world", ranking.world},
          {"reference", ranking.reference},
          {"pairs", ranking.pairs.size()},
          {"agreeing", ranking.agreeing()},
          {"list", pairs}};
}

std::string decimals(const Figure& figure, int digits) { return figure ? figure_text(*figure, digits) : "-"; }

std::string with_sign(double value, int digits) {
  return (value > 0 ? "+" : "") + figure_text(value, digits);
}

std::string percent(const Figure& figure) { return figure ? with_sign(100 * *figure, 2) + " %" : "-"; }

std::string points(const Figure& figure) { return figure ? with_sign(100 * *figure, 2) : "-"; }

// The first line in which two texts differ, without its indentation; empty where a text has no more lines.
std::pair<std::string, std::string> first_difference(std::string_view one, std::string_view other) {
  const auto take_line = [](std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
  };
  const auto trimmed = [](std::string_view line) {
    return std::string(line.substr(std::min(line.size(), line.find_first_not_of(' '))));
  };
  while (!one.empty() || !other.empty()) {
    const auto a = take_line(one), b = take_line(other);
    if (a != b) return {trimmed(a), trimmed(b)};
  }
  return {};
}

std::string differences(const Comparison& comparison, const ComparisonGroup& group) {
  const auto& reference = comparison.runs[group.reference];
  std::string text;
  for (const auto index : group.runs) {
    if (index == group.reference) continue;
    const auto& run = comparison.runs[index];
    const auto [here, there] = first_difference(run.experiment, reference.experiment);
    text += fmt::format("{}: its scenario has \"{}\" where that of {} has \"{}\"\n", run.directory, here,
                        reference.directory, there);
  }
  return text;
}

// The width of the longest label.
std::size_t label_width(const Comparison& comparison) {
  std::size_t width = 15;
  for (const auto& label : comparison.labels) width = std::max(width, label.size());
  return width;
}

// The caveats of each run.
std::string caveats_text(const Comparison& comparison, const ComparisonGroup& group) {
  std::string text;
  for (const auto index : group.runs) {
    const auto& run = comparison.runs[index];
    for (const auto& caveat : run.caveats)
      text += fmt::format("{}: {}{}\n", comparison.labels[index],
                          caveat.id == "incomplete" ? "INCOMPLETE: " : "", caveat.text);
    if (!comparison.other_links[index]) continue;
    const auto& reference = comparison.runs[group.reference];
    text += fmt::format(
        "{}: its throughput differs by {} from that of {}, as the scenario's links were not applied in {}; "
        "this "
        "is the difference of the links, not an error of simulation\n",
        comparison.labels[index], percent(comparison.errors[index].throughput),
        comparison.labels[group.reference], reference.without_links() ? "the latter" : "the former");
  }
  return text;
}

std::string group_table(const Comparison& comparison, const ComparisonGroup& group) {
  const auto& reference = comparison.runs[group.reference];
  auto text =
      fmt::format("\n{} ({}); errors against {} ({})\n",
                  comparison.one_experiment_each ? "different scenarios" : reference.scenario,
                  comparison.one_experiment_each ? "they are not runs of one experiment" : reference.policy,
                  reference.directory, comparison.labels[group.reference]);
  if (comparison.one_experiment_each) text += differences(comparison, group);
  text += caveats_text(comparison, group);
  const auto width = label_width(comparison);
  text +=
      fmt::format("{:<{}} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7} {:>7} {:>7}\n",
                  "mode/network", width, "images/s", "error", "p50 ms", "error", "p95 ms", "error", "p99 ms",
                  "error", "bits", "error", "top-1 %", "points");
  for (const auto index : group.runs) {
    const auto& run = comparison.runs[index];
    const auto errors = comparison.other_links[index] ? RunErrors{} : comparison.errors[index];
    const Figure top1 = run.top1 ? Figure(100 * *run.top1) : std::nullopt;
    text += fmt::format(
        "{:<{}} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7} {:>7} {:>7}{}\n",
        comparison.labels[index], width, decimals(run.throughput_images_per_s, 3), percent(errors.throughput),
        decimals(run.p50_ms, 1), percent(errors.p50), decimals(run.p95_ms, 1), percent(errors.p95),
        decimals(run.p99_ms, 1), percent(errors.p99), decimals(run.bits_per_value, 2),
        errors.bits ? with_sign(*errors.bits, 2) : "-", decimals(top1, 2), points(errors.top1),
        run.complete ? "" : "  (this run failed)");
  }
  return text;
}

std::string attribution_table(const Comparison& comparison, const ComparisonGroup& group) {
  const auto width = label_width(comparison);
  std::string text = "\nwhere the stages' time went, % of the run (and points against the reference)\n";
  text += fmt::format("{:<22} {:<{}}", "stage", "mode/network", width);
  for (const auto name : kAttributionNames) text += fmt::format(" {:>17}", name);
  text += "\n";
  const auto stages = comparison.runs[group.reference].stages.size();
  for (std::size_t stage = 0; stage < stages; ++stage) {
    for (const auto index : group.runs) {
      const auto& run = comparison.runs[index];
      if (stage >= run.stages.size()) continue;
      text += fmt::format("{:<22} {:<{}}", fmt::format("{} {}", stage + 1, run.stages[stage].device),
                          comparison.labels[index], width);
      const auto& errors = comparison.errors[index].attribution;
      for (std::size_t k = 0; k < kAttributionNames.size(); ++k) {
        const auto& share = run.stages[stage].share[k];
        auto cell = share ? figure_text(100 * *share, 1) : std::string("-");
        if (stage < errors.size() && !comparison.other_links[index])
          cell += fmt::format(" ({})", points(errors[stage].share[k]));
        text += fmt::format(" {:>17}", cell);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace

std::string comparison_json(const Comparison& comparison) {
  Json groups = Json::array();
  for (const auto& group : comparison.groups) {
    Json runs = Json::array();
    for (const auto run : group.runs) runs.push_back(run_json(comparison, run, run == group.reference));
    groups.push_back(
        {{"scenario",
          comparison.one_experiment_each ? Json(nullptr) : Json(comparison.runs[group.reference].scenario)},
         {"reference", comparison.runs[group.reference].directory},
         {"runs", runs}});
  }
  Json rankings = Json::array();
  for (const auto& ranking : comparison.rankings) rankings.push_back(ranking_json(comparison, ranking));
  const Json root = {{"groups", groups}, {"rankings", rankings}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string comparison_table(const Comparison& comparison) {
  std::string text;
  for (const auto& group : comparison.groups)
    text += group_table(comparison, group) + attribution_table(comparison, group);
  for (const auto& ranking : comparison.rankings) {
    text += fmt::format(
        "\nranking: {} puts the same policy first as {} in {} of {} pairs that differ by more than {:g} %\n",
        ranking.world, ranking.reference, ranking.agreeing(), ranking.pairs.size(), 100 * kRankingMargin);
    for (const auto& pair : ranking.pairs) {
      if (pair.agrees) continue;
      text += fmt::format("  not so: {} before {}\n", comparison.runs[pair.first].directory,
                          comparison.runs[pair.second].directory);
    }
  }
  return text;
}

}  // namespace millrace
