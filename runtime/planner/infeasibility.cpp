#include "runtime/planner/infeasibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/figure_text.hpp"
#include "runtime/planner/goal_search.hpp"

namespace millrace {

namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
constexpr double kMib = 1 << 20;

class Diagnosis {
 public:
  Diagnosis(const PlanningProblem& problem, const PlanningWatch& watch) : problem_(problem), watch_(watch) {}

  std::string run() {
    PlanningProblem unlimited = problem_;
    for (auto& device : unlimited.devices) device.memory_bytes.reset();
    if (!feasible(unlimited))
      return fmt::format("no links lead {}from stage to stage{}, whichever devices take them", source_text(),
                         sink_text());
    std::string needs = all_together();
    // The smallest memory, in whole MiB, that makes the problem feasible if one device has it.
    const double most = std::ceil(stage_memory_bytes(problem_, 0, problem_.layers) / kMib);
    double enough = most, little = 0;
    if (helped_by(most * kMib).empty()) return needs;
    while (enough - little > 1 && !stopped_) {
      const double half = std::floor(little + (enough - little) / 2);
      (helped_by(half * kMib).empty() ? little : enough) = half;
    }
    std::string names;
    for (const std::size_t d : helped_by(enough * kMib)) {
      names += fmt::format("{}{} (has {})", names.empty() ? "" : ", ", problem_.devices[d].name,
                           memory_text(*problem_.devices[d].memory_bytes));
    }
    return fmt::format("{}; {} needs {} on one of: {}", needs, problem_.model, memory_text(enough * kMib),
                       names);
  }

 private:
  std::string source_text() const {
    return problem_.source
               ? "from the source, " + problem_.devices[*problem_.source].name + ", to a first stage, "
               : std::string();
  }
  std::string sink_text() const {
    return problem_.sink ? " and to the sink, " + problem_.devices[*problem_.sink].name : std::string();
  }

  // What the model needs of all devices together, and what they have.
  std::string all_together() const {
    double weights = 0, memory = 0;
    for (const double bytes : problem_.weight_bytes) weights += bytes;
    for (const auto& device : problem_.devices) {
      if (device.stage) memory += device.memory_bytes.value_or(kForever);
    }
    return fmt::format(
        "the weights of {} take {}, the devices that run stages have {} together; with buffers and "
        "working sets no cut fits",
        problem_.model, memory_text(weights), std::isinf(memory) ? "no limit" : memory_text(memory));
  }

  bool feasible(const PlanningProblem& problem) {
    const PlacementSearch::Watch watch = [this](double share) {
      if (watch_ && !watch_({"looking for what is missing", share})) stopped_ = true;
      return !stopped_;
    };
    const SearchSpace space(problem);
    if (subset_table_bytes(space) <= kMaxSubsetTableBytes)
      return make_subset_search(space, watch)->reach(kForever).has_value();
    // Too many devices to look at all subsets: the order of falling memory packs best.
    std::vector<std::size_t> order;
    for (std::size_t t = 0; t < space.types(); ++t) order.insert(order.end(), space.members(t).size(), t);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto memory = [&](std::size_t t) {
        return problem.devices[space.members(t).front()].memory_bytes.value_or(kForever);
      };
      return memory(a) > memory(b);
    });
    const auto search = make_order_search(space, watch);
    search->set_order(order);
    return search->reach(kForever).has_value();
  }

  // Devices any one of which would make the problem feasible if it had so much memory.
  std::vector<std::size_t> helped_by(double bytes) {
    std::vector<std::size_t> devices;
    const SearchSpace space(problem_);
    for (std::size_t t = 0; t < space.types() && !stopped_; ++t) {
      const std::size_t one = space.members(t).front();
      if (problem_.devices[one].memory_bytes.value_or(kForever) >= bytes) continue;
      PlanningProblem helped = problem_;
      helped.devices[one].memory_bytes = bytes;
      if (feasible(helped)) devices.insert(devices.end(), space.members(t).begin(), space.members(t).end());
    }
    std::sort(devices.begin(), devices.end());
    return devices;
  }

  const PlanningProblem& problem_;
  const PlanningWatch& watch_;
  bool stopped_ = false;
};

}  // namespace

std::string what_is_missing(const PlanningProblem& problem, const PlanningWatch& watch) {
  return Diagnosis(problem, watch).run();
}

}  // namespace millrace
