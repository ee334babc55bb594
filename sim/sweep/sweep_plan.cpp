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
  // Replications differ only in their seeds: to find problems, the first and the last of them suffice.
  enum class Replications : std::uint8_t { all, ends };
  explicit Planner(const SweepFile& file, Replications wanted = Replications::all)
      : file_(file), wanted_(wanted) {}

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
      const bool end = cell.replication == 0 || cell.replication + 1 == base.sweep->replications;
      if (wanted_ == Replications::ends && !end) continue;
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
      planned.command = words_of({.program = file_.program,
                                  .file = file_.path,
                                  .options = options_of(planned.scenario),
                                  .overrides = std::move(overrides),
                                  .directory = planned.directory});
    }
  }

  // Problems in the order of the file; those without a line last.
  std::vector<Problem> in_order() {
    std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
      return std::tuple(problem.line == 0, problem.line, problem.column);
    });
    return std::move(problems);
  }

  std::vector<Problem> problems;

 private:
  // Options that have an effect on this cell; `run` refuses others. They do not change what a run computes.
  std::vector<std::string> options_of(const Scenario& scenario) const {
    const bool elsewhere = goes_to_agents(scenario);
    std::vector<std::string> words;
    if (elsewhere && !file_.keys.empty()) words = {"--keys", file_.keys};
    if (!elsewhere && scenario.run.mode != Mode::simulate && file_.isolate) words.emplace_back("--isolate");
    return words;
  }

  std::optional<Scenario> scenario_of(const std::string& text, const Cell& cell) {
    auto overrides = file_.overrides;
    for (auto& own : cell.overrides()) overrides.push_back(std::move(own));
    const auto folder = std::filesystem::path(file_.path).parent_path().string();
    auto read = read_scenario_text(text, file_.path, folder, {.overrides = overrides});
    for (Problem& problem : read.problems) report(cell, std::move(problem));
    return std::move(read.scenario);
  }

  // Reports a fault of an override at the value in the block, once for all cells that have the value.
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
    const std::pair programs(mode, !goes_to_agents(planned.scenario));
    if (!binaries_.contains(programs)) {
      auto binaries = binary_hashes(programs.first, programs.second);
      if (!binaries) return fault(binaries.error());
      binaries_.emplace(programs, std::move(*binaries));
    }
    return cell_key(resolved_yaml(planned.scenario), std::move(inputs), binaries_.at(programs));
  }

  const SweepFile& file_;
  Replications wanted_;
  FileHashes hashes_;
  std::map<std::pair<Mode, bool>, NamedHashes> binaries_;  // by mode, and whether agents are started here
  std::set<std::string> seen_;
};

}  // namespace

bool SweepPlan::all_simulated() const {
  return std::ranges::all_of(
      cells, [](const PlannedCell& planned) { return planned.scenario.run.mode == Mode::simulate; });
}

bool SweepPlan::uses(const std::string& option) const {
  return std::ranges::any_of(cells, [&](const PlannedCell& planned) {
    return std::ranges::find(planned.command, option) != planned.command.end();
  });
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
  Planner planner(file, Planner::Replications::ends);
  (void)planner.read();
  return planner.in_order();
}

}  // namespace millrace
