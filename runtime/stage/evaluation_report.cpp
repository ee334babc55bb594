#include "runtime/stage/evaluation_report.hpp"
#include "runtime/base/figure_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace millrace {

namespace {

using Json = nlohmann::ordered_json;

std::string_view scope_name(ScaleScope scope) {
  switch (scope) {
    case ScaleScope::none:
      return "none";
    case ScaleScope::image:
      return "image";
    case ScaleScope::token:
      return "token";
    case ScaleScope::tensor:
      return "tensor";
  }
  return "?";
}

double percent(double share) { return 100 * share; }

Result<int> cut_from_text(std::string_view text) {
  int cut = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), cut);
  if (fault != std::errc{} || end != text.data() + text.size())
    return Error{
        fmt::format("a cut is a number, all, all-blocks, or numbers with + between them, got \"{}\"", text),
        ExitCode::invalid_input};
  return cut;
}

Result<std::vector<int>> set_from_text(std::string_view entry) {
  std::vector<int> set;
  for (std::size_t begin = 0; begin <= entry.size();) {
    const std::size_t end = std::min(entry.find('+', begin), entry.size());
    const auto cut = cut_from_text(entry.substr(begin, end - begin));
    if (!cut) return cut.error();
    set.push_back(*cut);
    begin = end + 1;
  }
  std::ranges::sort(set);
  if (std::ranges::adjacent_find(set) != set.end())
    return Error{fmt::format("a cut stands twice in \"{}\"", entry), ExitCode::invalid_input};
  return set;
}

struct OverCuts {
  const Quantization* quantization = nullptr;
  std::size_t sets = 0;
  double sum = 0, sum_bits = 0;
  const EvaluationRow* worst = nullptr;
};

std::vector<OverCuts> over_cuts(const std::vector<EvaluationRow>& rows) {
  std::vector<OverCuts> all;
  for (const EvaluationRow& row : rows) {
    if (row.cuts.empty()) continue;
    auto own = std::ranges::find_if(
        all, [&](const OverCuts& other) { return *other.quantization == row.quantization; });
    if (own == all.end()) own = all.insert(all.end(), {&row.quantization, 0, 0, 0, &row});
    ++own->sets;
    own->sum += row.top1().share();
    own->sum_bits += row.bits_per_value();
    if (row.correct < own->worst->correct) own->worst = &row;
  }
  return all;
}

Json interval_json(const Interval& interval) { return Json::array({interval.low, interval.high}); }

Json row_json(const EvaluationRow& row) {
  return {{"codec", row.quantization.codec},
          {"scope", scope_name(row.quantization.scope)},
          {"bits", row.quantization.bits},
          {"cuts", row.cuts},
          {"count", row.count},
          {"correct", row.correct},
          {"top1", row.top1().share()},
          {"top1_interval_95", interval_json(row.top1().interval_95())},
          {"not_finite", row.not_finite},
          {"top5_correct", row.correct_in_top},
          {"top5", row.top5().share()},
          {"top5_interval_95", interval_json(row.top5().interval_95())},
          {"bytes", row.bytes.count()},
          {"values", row.values},
          {"bits_per_value", row.bits_per_value()}};
}

}  // namespace

std::string cuts_text(const std::vector<int>& cuts) {
  return cuts.empty() ? "none" : fmt::format("{}", fmt::join(cuts, "+"));
}

Result<std::vector<std::vector<int>>> cuts_from_text(const std::vector<std::string>& entries,
                                                     const ModelConfig& model) {
  std::vector<std::vector<int>> sets;
  for (const std::string& entry : entries) {
    if (entry == "all-blocks") {
      for (const int cut : block_cuts(model)) sets.push_back({cut});
    } else if (entry == "all") {
      for (int cut = 1; cut < model.sub_layers(); ++cut) sets.push_back({cut});
    } else {
      auto set = set_from_text(entry);
      if (!set) return set.error();
      sets.push_back(std::move(*set));
    }
  }
  std::ranges::sort(sets);
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  return sets;
}

std::string csv_line(const EvaluationRow& row) {
  return fmt::format("{},{},{},{},{},{},{:.6g}", row.quantization.codec, scope_name(row.quantization.scope),
                     row.quantization.bits, cuts_text(row.cuts), row.correct, row.count,
                     row.bits_per_value());
}

std::string table_header() {
  return fmt::format("{:<11} {:<6} {:>5} {:>11} {:>13} {:>8} {:>16} {:>8} {:>10}", "codec", "scope", "bits",
                     "cuts", "correct", "top-1 %", "95 % interval", "top-5 %", "bits/value");
}

std::string table_line(const EvaluationRow& row) {
  const auto [low, high] = row.top1().interval_95();
  const std::string cuts =
      row.cuts.size() > 3 ? fmt::format("{} together", row.cuts.size()) : cuts_text(row.cuts);
  return fmt::format("{:<11} {:<6} {:>5.4g} {:>11} {:>13} {:>8} {:>16} {:>8} {:>10}", row.quantization.codec,
                     scope_name(row.quantization.scope), row.quantization.bits, cuts,
                     fmt::format("{} of {}", row.correct, row.count),
                     figure_text(percent(row.top1().share()), 2),
                     fmt::format("{} to {}", figure_text(percent(low), 2), figure_text(percent(high), 2)),
                     figure_text(percent(row.top5().share()), 2), figure_text(row.bits_per_value(), 4));
}

std::string not_finite_note(const EvaluationRow& row) {
  if (row.not_finite == 0) return {};
  const std::string what = row.cuts.empty() ? std::string("fp32")
                                            : fmt::format("{} of {:g} bits at cut {}", row.quantization.codec,
                                                          row.quantization.bits, cuts_text(row.cuts));
  return fmt::format(
      "{}: the logits of {} of {} images hold a NaN or an infinity; those images count as wrong. Check the "
      "weights{}",
      what, row.not_finite, row.count, row.cuts.empty() ? "" : ", and whether the codec suits them");
}

std::string table_over_cuts(const std::vector<EvaluationRow>& rows) {
  const auto all = over_cuts(rows);
  if (all.empty() || all.front().sets < 2) return {};
  std::string text = fmt::format("{:<11} {:<6} {:>5} {:>6} {:>13} {:>14} {:>11} {:>10}\n", "codec", "scope",
                                 "bits", "cuts", "mean top-1 %", "worst top-1 %", "at cut", "bits/value");
  for (const OverCuts& one : all) {
    const auto sets = static_cast<double>(one.sets);
    text += fmt::format("{:<11} {:<6} {:>5.4g} {:>6} {:>13} {:>14} {:>11} {:>10}\n", one.quantization->codec,
                        scope_name(one.quantization->scope), one.quantization->bits, one.sets,
                        figure_text(percent(one.sum / sets), 2),
                        figure_text(percent(one.worst->top1().share()), 2), cuts_text(one.worst->cuts),
                        figure_text(one.sum_bits / sets, 4));
  }
  return text;
}

std::string evaluation_json(const EvaluationFacts& facts, const std::vector<EvaluationRow>& rows) {
  Json all = Json::array();
  for (const EvaluationRow& row : rows) all.push_back(row_json(row));
  const Json root = {{"millrace", facts.release},
                     {"command", facts.command},
                     {"complete", facts.complete},
                     {"model", facts.model},
                     {"weights", {{"file", facts.weights}, {"sha256", facts.weights_sha256}}},
                     {"dataset", {{"name", facts.dataset}, {"sha256", facts.dataset_sha256}}},
                     {"microbatch", facts.microbatch},
                     {"threads", facts.threads},
                     {"wall_s", facts.wall_s},
                     {"rows", all}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace millrace
