#include "sim/sweep/sweep_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "sim/run/inputs.hpp"
#include "sim/sweep/command.hpp"

namespace millrace {
namespace {

constexpr std::size_t kKeyInFolder = 12;  // digits of the key in a run directory's name

class Planner {
 public:
  explicit Planner(const SweepFile& file) : file_(file) {}

  // The cells with their scenarios, or `problems`.
  std::optional<SweepPlan> read() {
    auto base = read_scenario(file_.path, {.overrides = file_.overrides, .files = FileCheck::must_exist});
    if (!base.scenario) return problems = std::move(base.problems), std::nullopt;
    if (!base.sweep) return std::nullopt;
    SweepPlan plan;
    plan.name = base.scenario->name;
    plan.folder = file_.folder.empty() ? "sweeps/" + plan.name : file_.folder;
    plan.keys = swept_keys(*base.sweep);
    plan.replicated = base.sweep->replications > 1;
    const auto text = read_text_file(file_.path);
    if (!text) return problems.push_back({file_.path, 0, 0, text.error().message}), std::nullopt;
    for (Cell& cell : enumerate_cells(*base.sweep, base.scenario->run.seed)) {
      if (auto scenario = scenario_of(*text, cell))
        plan.cells.push_back({std::move(cell), std::move(*scenario), "", "", {}});
      if (problems.size() > kMaxProblems) break;
    }
    return problems.empty() ? std::optional(std::move(plan)) : std::nullopt;
  }

  void complete(SweepPlan& plan) {
    for (PlannedCell& planned : plan.cells) {
      if (!problems.empty()) return;
      planned.key = key_of(planned);
      planned.directory = fmt::format("{}/runs/{}-{}", plan.folder, folder_name(planned.cell.name),
                                      planned.key.substr(0, kKeyInFolder));
      auto overrides = file_.overrides;
      for (auto& text : planned.cell.overrides()) overrides.push_back(std::move(text));
      planned.command = words_of({file_.program, file_.path, std::move(overrides), planned.directory});
    }
  }

  // As the file has them; those without a line last.
  std::vector<Problem> in_order() {
    std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
      return std::tuple(problem.line == 0, problem.line, problem.column);
    });
    return std::move(problems);
  }

  std::vector<Problem> problems;

 private:
  std::optional<Scenario> scenario_of(const std::string& text, const Cell& cell) {
    auto overrides = file_.overrides;
    for (auto& own : cell.overrides()) overrides.push_back(std::move(own));
    const auto folder = std::filesystem::path(file_.path).parent_path().string();
    auto read = read_scenario_text(text, file_.path, folder, {.overrides = overrides});
    for (Problem& problem : read.problems) report(cell, std::move(problem));
    return std::move(read.scenario);
  }

  // A fault of an override is one of the value in the block; many cells have the value, one line says so.
  void report(const Cell& cell, Problem problem) {
    bool placed = false;
    for (const SweptValue& value : cell.settings) {
      if (problem.file != "--set " + value.key || value.mark.line == 0) continue;
      problem = {file_.path, value.mark.line, value.mark.column, std::move(problem.message)};
      placed = true;
      break;
    }
    const auto place =
        fmt::format("{}:{}:{}:{}", problem.file, problem.line, problem.column, problem.message);
    if (!seen_.insert(place).second) return;
    problem.message +=
        fmt::format(" ({} cell {}: {})", placed ? "first in" : "in", cell.position + 1, cell.name);
    problems.push_back(std::move(problem));
  }

  std::string key_of(const PlannedCell& planned) {
    NamedHashes inputs;
    const auto fault = [&](const Error& error) {
      problems.push_back({file_.path, 0, 0, error.message});
      return std::string();
    };
    for (const auto& path : input_files(planned.scenario)) {
      const auto hash = hashes_.of(path);
      if (!hash) return fault(hash.error());
      inputs.emplace_back(path, *hash);
    }
    const Mode mode = planned.scenario.run.mode;
    if (!binaries_.contains(mode)) {
      auto binaries = binary_hashes(mode);
      if (!binaries) return fault(binaries.error());
      binaries_.emplace(mode, std::move(*binaries));
    }
    return cell_key(resolved_yaml(planned.scenario), std::move(inputs), binaries_.at(mode));
  }

  const SweepFile& file_;
  FileHashes hashes_;
  std::map<Mode, NamedHashes> binaries_;
  std::set<std::string> seen_;
};

}  // namespace

bool SweepPlan::all_simulated() const {
  return std::ranges::all_of(
      cells, [](const PlannedCell& planned) { return planned.scenario.run.mode == Mode::simulate; });
}

ReadSweep read_sweep(const SweepFile& file) {
  Planner planner(file);
  auto plan = planner.read();
  if (plan) planner.complete(*plan);
  if (!plan && planner.problems.empty())
    planner.problems.push_back(
        {file.path, 0, 0,
         "there is no sweep block; write one, for example sweep: {grid: {run.window: [1, 2, 4]}}"});
  if (!planner.problems.empty()) return {std::nullopt, planner.in_order()};
  return {std::move(plan), {}};
}

std::vector<Problem> sweep_problems(const SweepFile& file) {
  Planner planner(file);
  (void)planner.read();
  return planner.in_order();
}

}  // namespace millrace
