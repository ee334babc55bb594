#include "sim/sweep/sweep_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/sweep/statistics.hpp"

namespace millrace {
namespace {

class Line {
 public:
  Line& text(const std::string& text) {
    std::string field = text;
    if (text.find_first_of(",\"\r\n") != std::string::npos) {
      for (std::size_t at = 0; (at = field.find('"', at)) != std::string::npos; at += 2)
        field.insert(at, 1, '"');
      field = "\"" + field + "\"";
    }
    return add(field);
  }
  template <class Number>
  Line& number(const std::optional<Number>& number) {
    return add(number ? fmt::format("{}", *number) : "");
  }
  std::string end() { return std::move(line_) + "\n"; }

 private:
  Line& add(const std::string& field) {
    line_ += (empty_ ? "" : ",") + field;
    empty_ = false;
    return *this;
  }
  std::string line_;
  bool empty_ = true;
};

bool has_variants(const SweepPlan& plan) {
  return !plan.cells.empty() && !plan.cells[0].cell.variant.empty();
}

// The columns of the values that a cell sets; keys that only other variants set stay as in the scenario.
void add_settings(const SweepPlan& plan, const Cell& cell, Line& line) {
  if (has_variants(plan)) line.text(cell.variant);
  for (const auto& key : plan.keys) {
    const auto found = std::ranges::find(cell.settings, key, &SweptValue::key);
    line.text(found == cell.settings.end() ? "" : found->shown);
  }
}

void add_setting_names(const SweepPlan& plan, Line& line) {
  if (has_variants(plan)) line.text("variant");
  for (const auto& key : plan.keys) line.text(key);
}

// Positions of the first cell of each group; the replications of a group are adjacent.
std::vector<std::size_t> group_starts(const SweepPlan& plan) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (plan.cells[i].cell.replication == 0) starts.push_back(i);
  }
  return starts;
}

std::vector<double> values_of(const std::vector<CellRow>& rows, std::size_t begin, std::size_t end,
                              std::size_t figure) {
  std::vector<double> values;
  for (std::size_t i = begin; i < end; ++i) {
    if (rows.at(i).finished && rows[i].figures[figure]) values.push_back(*rows[i].figures[figure]);
  }
  return values;
}

}  // namespace

std::string cells_csv(const SweepPlan& plan, const std::vector<CellRow>& rows) {
  Line header;
  header.text("position").text("name").text("status");
  add_setting_names(plan, header);
  header.text("seed");
  for (const auto name : kFigureNames) header.text(std::string(name));
  std::string csv =
      header.text("wall_s").text("exit_code").text("run_directory").text("cell_key").text("error").end();
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const PlannedCell& planned = plan.cells[i];
    const CellRow& row = rows.at(i);
    Line line;
    line.number(std::optional(i)).text(planned.cell.name);
    line.text(row.finished ? "finished" : row.failed ? "failed" : "missing");
    add_settings(plan, planned.cell, line);
    line.number(std::optional(planned.scenario.run.seed));
    for (const auto& figure : row.figures) line.number(figure);
    csv += line.number(row.wall_s)
               .number(row.exit_code)
               .text(row.run_directory)
               .text(planned.key)
               .text(row.message)
               .end();
  }
  return csv;
}

std::string groups_csv(const SweepPlan& plan, const std::vector<CellRow>& rows) {
  Line header;
  header.text("group");
  add_setting_names(plan, header);
  header.text("n");
  for (const auto name : kFigureNames) {
    header.text(std::string(name));
    if (plan.replicated) header.text(std::string(name) + "_ci95");
  }
  std::string csv = header.end();
  const auto starts = group_starts(plan);
  for (std::size_t g = 0; g < starts.size(); ++g) {
    const std::size_t begin = starts[g], end = g + 1 < starts.size() ? starts[g + 1] : plan.cells.size();
    const Cell& cell = plan.cells[begin].cell;
    const auto finished = std::count_if(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                        rows.begin() + static_cast<std::ptrdiff_t>(end),
                                        [](const CellRow& row) { return row.finished; });
    Line line;
    line.text(cell.group);
    add_settings(plan, cell, line);
    line.number(std::optional(finished));
    for (std::size_t f = 0; f < kFigureNames.size(); ++f) {
      const auto mean = estimate(values_of(rows, begin, end, f));
      line.number(mean ? std::optional(mean->mean) : std::nullopt);
      if (plan.replicated) line.number(mean ? mean->half_width : std::nullopt);
    }
    csv += line.end();
  }
  return csv;
}

std::string groups_text(const SweepPlan& plan, const std::vector<CellRow>& rows) {
  constexpr std::array<std::size_t, 4> kShown{0, 2, 4, 5};
  constexpr std::array kTitles{"images/s", "latency p95 ms", "accuracy", "bits/value"};
  const auto starts = group_starts(plan);
  std::size_t width = 5;
  for (const std::size_t start : starts) width = std::max(width, plan.cells[start].cell.group.size());
  std::string text = fmt::format("\n{:<{}}  {:>3}", "cells", width, "n");
  for (const char* title : kTitles) text += fmt::format("  {:>20}", title);
  text += "\n";
  for (std::size_t g = 0; g < starts.size(); ++g) {
    const std::size_t end = g + 1 < starts.size() ? starts[g + 1] : plan.cells.size();
    const auto done = values_of(rows, starts[g], end, 0).size();
    text += fmt::format("{:<{}}  {:>3}", plan.cells[starts[g]].cell.group, width, done);
    for (const std::size_t figure : kShown) {
      const auto mean = estimate(values_of(rows, starts[g], end, figure));
      std::string shown = mean ? fmt::format("{:.4g}", mean->mean) : "-";
      if (mean && mean->half_width) shown += fmt::format(" +- {:.2g}", *mean->half_width);
      text += fmt::format("  {:>20}", shown);
    }
    text += "\n";
  }
  return text;
}

bool replications_are_equal(const SweepPlan& plan, const std::vector<CellRow>& rows) {
  if (!plan.replicated) return false;
  bool any = false;
  std::size_t first = 0;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (plan.cells[i].cell.replication == 0) first = i;
    if (i == first || !rows.at(i).finished || !rows.at(first).finished) continue;
    if (rows[i].figures != rows[first].figures) return false;
    any = true;
  }
  return any;
}

}  // namespace millrace
