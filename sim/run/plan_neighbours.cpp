#include "sim/run/plan_neighbours.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {

namespace {

constexpr int kSplits = 8;  // of a stage, for an unused device
using Stages = std::vector<PlannedStage>;

void add_moves(const Stages& stages, std::size_t s, std::vector<Stages>& all) {
  for (const int by : {-8, -4, -2, -1, 1, 2, 4, 8}) {
    auto moved = stages;
    moved[s].layers.last += by;
    moved[s + 1].layers.first += by;
    if (moved[s].layers.size() > 0 && moved[s + 1].layers.size() > 0) all.push_back(std::move(moved));
  }
  for (const std::size_t kept : {s, s + 1}) {  // one device takes both
    auto joined = stages;
    joined[s] = stages[kept];
    joined[s].layers = {stages[s].layers.first, stages[s + 1].layers.last};
    joined[s].coding = stages[s + 1].coding;
    joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(s) + 1);
    all.push_back(std::move(joined));
  }
}

// Adds plans in which the device takes the first or the last sub-layers of a stage.
void add_splits(const Stages& stages, std::size_t s, std::size_t device, std::vector<Stages>& all) {
  const LayerRange whole = stages[s].layers;
  const int step = std::max(1, whole.size() / kSplits);
  for (int last = whole.first + step - 1; last < whole.last; last += step) {
    for (const bool before : {true, false}) {
      auto split = stages;
      auto other = split[s];
      (before ? other : split[s]).layers = {whole.first, last};
      (before ? split[s] : other).layers = {last + 1, whole.last};
      other.device = device;
      split.insert(split.begin() + static_cast<std::ptrdiff_t>(before ? s : s + 1), other);
      all.push_back(std::move(split));
    }
  }
}

// Adds plans in which two devices change places, or an unused device takes a stage or a part of it.
void add_exchanges(const PlanningProblem& problem, const Stages& stages, std::vector<Stages>& all) {
  for (std::size_t a = 0; a < stages.size(); ++a) {
    for (std::size_t b = a + 1; b < stages.size(); ++b) {
      all.push_back(stages);
      std::swap(all.back()[a].device, all.back()[b].device);
    }
    for (std::size_t d = 0; d < problem.devices.size(); ++d) {
      if (!problem.devices[d].stage || !is_idle(stages, d)) continue;
      all.push_back(stages);
      all.back()[a].device = d;
      add_splits(stages, a, d, all);
    }
  }
}

}  // namespace

std::vector<std::vector<PlannedStage>> neighbours_of(const PlanningProblem& problem,
                                                     const std::vector<PlannedStage>& stages) {
  std::vector<Stages> all;
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    add_moves(stages, s, all);
    for (std::size_t c = 0; c < problem.codings.size(); ++c) {
      if (c == stages[s].coding) continue;
      all.push_back(stages);
      all.back()[s].coding = c;
    }
  }
  add_exchanges(problem, stages, all);
  return all;
}

bool is_idle(const std::vector<PlannedStage>& stages, std::size_t device) {
  return std::ranges::none_of(stages, [device](const auto& stage) { return stage.device == device; });
}

PlanCount count_plans(const PlanningProblem& problem) {
  const auto devices = static_cast<double>(std::ranges::count(problem.devices, true, &PlanningDevice::stage));
  PlanCount count;
  double ordered = 1, cuts = 1, codings = 1;
  for (int stages = 1; stages <= devices && stages <= problem.layers; ++stages) {
    ordered *= devices - stages + 1;
    if (stages > 1) cuts *= static_cast<double>(problem.layers - stages + 1) / (stages - 1);
    if (stages > 1) codings *= static_cast<double>(problem.codings.size());
    count.plans += ordered * cuts * codings;
    count.stages += ordered * cuts * codings * stages;
  }
  return count;
}

}  // namespace millrace
