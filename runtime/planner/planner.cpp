#include "runtime/planner/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/planner/comparators.hpp"
#include "runtime/planner/infeasibility.hpp"
#include "runtime/planner/large_search.hpp"
#include "runtime/planner/shared_links.hpp"

namespace millrace {

namespace {

// For comparison, other exact plans are made only where that takes next to no time.
constexpr double kQuickNodes = 50'000;

Error interrupted() { return Error{"planning was interrupted"}; }

// Members of a type take their stages in the order of the problem.
std::vector<PlannedStage> stages_of(const SearchSpace& space, const Placement& placement) {
  std::vector<std::size_t> next(space.types());
  std::vector<PlannedStage> stages;
  int first = 1;
  for (const auto& step : placement) {
    PlannedStage stage;
    stage.device = space.members(step.type).at(next[step.type]++);
    stage.layers = {first, step.last};
    stage.coding = step.coding;
    stages.push_back(stage);
    first = step.last + 1;
  }
  return stages;
}

std::string goal_text(const PlanningProblem& problem) {
  const auto& goal = problem.goal;
  std::string text = problem.model;
  if (goal.target_images_per_s > 0) text += fmt::format(" at {:.6g} images/s", goal.target_images_per_s);
  if (std::isfinite(goal.latency_bound_s)) text += fmt::format(" within {:.6g} s", goal.latency_bound_s);
  if (goal.accuracy_floor > 0) text += fmt::format(" at an accuracy of {:.4f}", goal.accuracy_floor);
  return text;
}

Error infeasible(const PlanningProblem& problem, const std::string& finding) {
  return {fmt::format("planning {}: infeasible: {}", goal_text(problem), finding), ExitCode::run_failed};
}

class Planning {
 public:
  Planning(const PlanningProblem& problem, const PlanningRequest& request)
      : problem_(problem), request_(request), devices_(request.devices) {
    for (std::size_t d = 0; d < problem.devices.size() && request.devices.empty(); ++d) {
      if (problem.devices[d].stage) devices_.push_back(d);
    }
  }

  Result<PlanningResult> run() {
    const bool searched = request_.algorithm == "optimal" || request_.algorithm == "joint";
    auto result = searched ? search_shared() : compared(request_.algorithm);
    if (!result) return result;
    result->algorithm = request_.algorithm;
    if (request_.compare) add_alternatives(*result);
    return result;
  }

  void add_alternatives(PlanningResult& result) {
    const SearchSpace space(problem_);
    const bool quick = subset_table_bytes(space) <= kQuickNodes * 16;
    if (request_.algorithm != "optimal" && request_.algorithm != "joint" && quick)
      add(result, "optimal", plan_pipeline(problem_, {.algorithm = "optimal", .compare = false}));
    for (const char* name : {"even", "pipedream"}) {
      if (request_.algorithm != name) add(result, name, compared(name));
    }
    if (request_.algorithm != "fixed" && !request_.cuts.empty()) add(result, "fixed", compared("fixed"));
    if (request_.algorithm == "joint" && quick) add_single_codings(result);
  }

 private:
  Result<PlanningResult> search_shared() {
    if (problem_.links.empty()) return search();
    return search_shared_links(
        problem_, [this](const PlanningProblem& alone) { return Planning(alone, request_).search(); });
  }

  Result<PlanningResult> search() {
    const auto& goal = problem_.goal;
    if (request_.algorithm == "joint" && goal.target_images_per_s == 0 && goal.accuracy_floor == 0)
      return Error{
          "planning joint: give a rate to meet (the accuracy is then the best there is) or an accuracy "
          "floor (the rate is then the highest)",
          ExitCode::invalid_input};
    const SearchSpace space(problem_);
    if (subset_table_bytes(space) <= kMaxSubsetTableBytes) {
      bool stopped = false;
      const auto search = make_subset_search(space, [&](double share) {
        if (request_.watch && !request_.watch({"searching all subsets of devices", share})) stopped = true;
        return !stopped;
      });
      const GoalAnswer answer = GoalSearch(space, *search).run();
      if (stopped) return interrupted();
      if (search->ended() != PlacementSearch::End::too_large) return answered(space, answer, nullptr);
    }
    const SearchSpace apart(problem_, false);
    const LargeAnswer large = search_large(apart, request_.watch);
    if (large.interrupted) return interrupted();
    return answered(apart, large.answer, &large.lower_bound_s);
  }

  Result<PlanningResult> answered(const SearchSpace& space, const GoalAnswer& answer, const double* bound) {
    if (!answer.placement)
      return infeasible(problem_,
                        answer.finding.empty() ? what_is_missing(problem_, request_.watch) : answer.finding);
    PlanningResult result = predict(problem_, stages_of(space, *answer.placement));
    result.exact = bound == nullptr;
    result.lower_bound_s = bound == nullptr ? result.prediction.bottleneck_s : *bound;
    if (bound != nullptr && problem_.goal.objective == PlanningGoal::Objective::throughput)
      result.exact = result.prediction.bottleneck_s <= *bound * (1 + 1e-9);
    return result;
  }

  Result<PlanningResult> compared(std::string_view algorithm) {
    auto stages = algorithm == "even"        ? even_stages(problem_, devices_)
                  : algorithm == "pipedream" ? pipedream_stages(problem_, devices_)
                                             : fixed_stages(problem_, devices_, request_.cuts);
    if (!stages) return stages.error();
    PlanningResult result = predict(problem_, *stages);
    result.lower_bound_s = SearchSpace(problem_).bottleneck_bound_s();
    return result;
  }

  void add(PlanningResult& result, const std::string& name, const Result<PlanningResult>& other) const {
    PlanningAlternative alternative{name, std::nullopt, {}};
    if (other) {
      alternative.prediction = other->prediction;
      alternative.finding = fmt::format("{}", fmt::join(other->violations, "; "));
    } else {
      alternative.finding = other.error().message;
    }
    result.alternatives.push_back(std::move(alternative));
  }

  // The fastest plan with each coding alone.
  void add_single_codings(PlanningResult& result) const {
    for (const auto& coding : problem_.codings) {
      PlanningProblem single = problem_;
      single.codings = {coding};
      single.goal = {};
      add(result, fmt::format("optimal, {} bits everywhere", coding.bits_per_value),
          plan_pipeline(single, {.algorithm = "optimal", .compare = false}));
    }
  }

  const PlanningProblem& problem_;
  const PlanningRequest& request_;
  std::vector<std::size_t> devices_;
};

constexpr std::array<const char*, 5> kAlgorithms = {"optimal", "joint", "even", "pipedream", "fixed"};

}  // namespace

std::vector<std::string> planning_algorithms() { return {kAlgorithms.begin(), kAlgorithms.end()}; }

Result<PlanningResult> plan_pipeline(const PlanningProblem& problem, const PlanningRequest& request) {
  if (std::find(kAlgorithms.begin(), kAlgorithms.end(), request.algorithm) == kAlgorithms.end())
    return Error{fmt::format("no planning algorithm is called \"{}\"; known: {}", request.algorithm,
                             fmt::join(kAlgorithms, ", ")),
                 ExitCode::invalid_input};
  for (const std::size_t device : request.devices) {
    if (device >= problem.devices.size() || !problem.devices[device].stage)
      return Error{fmt::format("planning {}: device {} runs no stages", request.algorithm, device),
                   ExitCode::invalid_input};
  }
  return Planning(problem, request).run();
}

void add_planning_alternatives(const PlanningProblem& problem, const PlanningRequest& request,
                               PlanningResult& result) {
  Planning(problem, request).add_alternatives(result);
}

}  // namespace millrace
