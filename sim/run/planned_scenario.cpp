#include "sim/run/planned_scenario.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/base/interrupt.hpp"
#include "runtime/policy/quantization_policy.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "sim/run/dry_run.hpp"
#include "sim/run/plan_neighbours.hpp"
#include "sim/run/planning_request.hpp"
#include "sim/run/scenario_problem.hpp"

namespace millrace {

namespace {

constexpr double kSame = 1e-9;   // figures that differ by less than this share count as equal
constexpr double kLater = 1e-3;  // share of the best run's time by which another run may be longer
constexpr int kQuarters = 4;
constexpr int kBoundRounds = 3;
constexpr std::size_t kMostVariations = 400;
constexpr std::uint64_t kStagesPerEvent = 4096;  // an exact search looks at so many in an event's time
constexpr double kMostPlans = 10'000;            // with no more plans than this, all may be tried
using Objective = PlanningGoal::Objective;

bool searched(const std::string& algorithm) { return algorithm == "optimal" || algorithm == "joint"; }

std::string stage_text(const PlannedStage& stage) {
  return fmt::format("{} {} {} {}", stage.device, stage.layers.first, stage.layers.last, stage.coding);
}

std::string text_of(const std::vector<PlannedStage>& stages) {
  std::string text;
  for (const auto& stage : stages) text += stage_text(stage) + ";";
  return text;
}

struct Tried {
  PlanningResult result;
  DryRun::Figures figures;
};

class ScenarioPlanner {
 public:
  ScenarioPlanner(const Scenario& scenario, NetworkSpec spec, const PlanningRequest& request)
      : scenario_(scenario), spec_(std::move(spec)), request_(request), dry_run_(scenario_, spec_) {
    request_.compare = false;
  }

  Result<PlannedScenario> run() {
    auto problem = planning_problem_of(scenario_, spec_);
    if (!problem) return problem.error();
    problem_ = std::move(*problem);
    auto first = plan_pipeline(problem_, request_);
    if (!first) return first.error();
    changing_ = known_by_mean(scenario_, spec_, problem_);
    if (std::isinf(first->prediction.latency_s)) return answer(std::move(*first), std::nullopt);
    const bool settled = (changing_.empty() && first->exact) || !searched(request_.algorithm);
    auto tried = try_out(*first, Time::never());
    work_of_a_hop_ = static_cast<double>(dry_run_.work()) / static_cast<double>(first->stages.size() + 1);
    if (!tried && !settled && fluid()) tried = instead_of(*first);
    if (stopped()) return interrupted();
    if (!tried) {
      first->not_simulated = failure_;
      return answer(std::move(*first), std::nullopt);
    }
    const bool no_time = dry_run_.cut_short();  // no time left to simulate other plans
    window_s_ = tried->figures.figures.duration_s;
    if (!changing_.empty()) reckon_links(spec_, {.span = span(0, 1)}, problem_);
    if (settled || no_time) {
      auto same = again(first->stages, *first);
      return answer(std::move(same), tried->figures);
    }
    seen_.insert(text_of(first->stages));
    seen_.insert(text_of(tried->result.stages));
    tried->result = again(tried->result.stages, *first);
    candidates_.push_back(std::move(*tried));
    if (auto gathered = gather(); !gathered) return gathered.error();
    if (few_plans()) {
      std::vector<PlannedStage> stages;
      try_all(stages, 0);
    } else {
      vary();
    }
    if (stopped()) return interrupted();
    auto best = again(candidates_[best_].result.stages, *first);
    return answer(std::move(best), candidates_[best_].figures);
  }

 private:
  static Error interrupted() { return Error{"planning was interrupted"}; }

  // Ctrl-C, or the caller's watch.
  bool stopped() const { return stopped_ || interrupt_requested(); }
  bool go_on(std::string_view phase, double share) {
    if (request_.watch && !request_.watch({phase, share})) stopped_ = true;
    return !stopped();
  }

  std::pair<Time, Time> span(double from, double until) const {
    const auto at = [&](double share) { return Time::zero() + Duration::from_seconds(window_s_ * share); };
    return {at(from), std::max(at(until), at(from) + Duration::ns(1))};
  }

  // The prediction for these stages with the problem's current links and codings.
  PlanningResult again(const std::vector<PlannedStage>& stages, const PlanningResult& of) const {
    PlanningResult result = predict(problem_, stages);
    result.algorithm = of.algorithm;
    result.exact = of.exact && changing_.empty();
    result.lower_bound_s = of.lower_bound_s;
    return result;
  }

  std::optional<Tried> try_out(const PlanningResult& result, Time until) {
    const auto figures = dry_run_.run(plan_of(scenario_, problem_, result), until);
    if (!figures.ok()) {
      failure_ = figures.error().message;
      return std::nullopt;
    }
    if (!*figures) return std::nullopt;
    return Tried{result, **figures};
  }

  // Whether the fluid network can carry the scenario: it has no Wi-Fi.
  bool fluid() const {
    return std::ranges::none_of(spec_.segments, [](const auto& s) { return s.kind == SegmentKind::wifi; });
  }

  // For a model's choice that gets stuck, as on a link that goes down for good: the best plan that avoids one
  // of its links or devices and does not get stuck.
  std::optional<Tried> instead_of(const PlanningResult& first) {
    const auto finding = failure_;
    std::optional<Tried> best;
    const auto ask = [&](const PlanningProblem& question) {
      if (stopped()) return;
      const auto found = plan_pipeline(question, request_);
      if (!found) return;
      auto tried = try_out(*found, Time::never());
      if (tried && (!best || better(*tried, *best))) best = std::move(tried);
    };
    for (std::size_t s = 0; s < first.stages.size(); ++s) {
      auto without = problem_;
      without.devices[first.stages[s].device].stage = false;
      ask(without);
      if (s + 1 == first.stages.size()) break;
      without = problem_;
      without.hops[first.stages[s].device][first.stages[s + 1].device] = {};
      ask(without);
    }
    failure_ = finding;
    return best;
  }

  // --- candidates

  Result<void> gather() {
    std::vector<PlanningProblem> questions;
    const auto ask = [&](const LinkReckoning& how) {
      questions.push_back(problem_);
      reckon_links(spec_, how, questions.back());
    };
    ask({.span = span(0, 1)});
    for (const double bits : bits_to_ask()) {
      ask({.span = span(0, 1)});
      if (auto done = reckon_bits(scenario_, spec_, bits, questions.back()); !done) return done;
    }
    for (int q = 0; q < kQuarters; ++q)
      ask({.span = span(q / double(kQuarters), (q + 1) / double(kQuarters))});
    for (const double scale : {0.5, 0.25}) ask({.span = span(0, 1), .scale = scale});
    for (std::size_t q = 0; q < questions.size() && room(); ++q)
      if (auto tried = ask_exactly(questions[q]); !tried) return tried;
    // Plans without a device or link that the best plan so far uses, which differ more.
    for (const auto& stage : std::vector(candidates_[best_].result.stages)) {
      if (!room()) break;
      auto without = questions.front();
      without.devices[stage.device].stage = false;
      if (auto tried = ask_exactly(without); !tried) return tried;
    }
    const auto stages = candidates_[best_].result.stages;
    for (std::size_t s = 0; s + 1 < stages.size() && room(); ++s) {
      auto without = questions.front();
      without.hops[stages[s].device][stages[s + 1].device] = {};
      if (auto tried = ask_exactly(without); !tried) return tried;
    }
    tried_by_model_ = candidates_.size();
    simulated_ = 0;
    return stopped() ? Result<void>(interrupted()) : Result<void>();
  }

  bool room() const { return candidates_.size() < kCandidates && work_ <= kMostWork && !stopped(); }

  std::vector<double> bits_to_ask() const {
    if (!adaptive(scenario_)) return {};
    const auto [fewest, most] = bits_of_policy();
    return {fewest, most};
  }

  // The fewest and most bits that the policy may choose and the codec supports.
  std::pair<double, double> bits_of_policy() const {
    const auto keys = codec_keys(scenario_.policy.quantization.codec);
    if (!keys.is_real()) return {kFewestBits, kMostBits};
    return {std::max(kFewestBits, keys.real_least), std::min(kMostBits, keys.real_most)};
  }

  Result<void> ask_exactly(const PlanningProblem& question) {
    const auto layers = static_cast<std::uint64_t>(problem_.layers);
    work_ += layers * layers * problem_.devices.size() / kStagesPerEvent;
    auto found = plan_pipeline(question, request_);
    if (stopped()) return interrupted();
    if (found) consider(found->stages);
    return {};
  }

  void consider(const std::vector<PlannedStage>& stages) {
    if (!seen_.insert(text_of(stages)).second) return;
    auto result = predict(problem_, stages);
    result.algorithm = request_.algorithm;
    if (!result.violations.empty() || !within_goal(result)) return;
    if (!go_on("simulating plans", std::min(1.0, double(work_) / kMostWork))) return;
    ++simulated_;
    auto tried = try_out(result, latest());
    work_ += dry_run_.work();
    if (!tried) return;
    candidates_.push_back(std::move(*tried));
    if (better(candidates_.back(), candidates_[best_])) best_ = candidates_.size() - 1;
  }

  // The instant after which a run can no longer beat the best so far; never for goals other than throughput,
  // which need more than the end.
  Time latest() const {
    if (problem_.goal.objective != Objective::throughput || problem_.goal.target_images_per_s > 0)
      return Time::never();
    return Time::zero() +
           Duration::from_seconds(candidates_[best_].figures.figures.duration_s * (1 + kLater));
  }

  // Checks the parts of the goal that do not depend on the links' rates.
  bool within_goal(const PlanningResult& result) const {
    if (result.prediction.accuracy < problem_.goal.accuracy_floor * (1 - kSame)) return false;
    return result.prediction.latency_s <= problem_.goal.latency_bound_s * (1 + kSame);
  }

  bool in_rate(const Tried& tried) const {
    return tried.figures.filled_images_per_s * (1 + kSame) >= problem_.goal.target_images_per_s;
  }

  // Whether `a` is better; of equals the first stays.
  bool better(const Tried& a, const Tried& b) const {
    if (in_rate(a) != in_rate(b)) return in_rate(a);
    const auto &x = a.figures.figures, &y = b.figures.figures;
    // In a closed loop the loop itself makes microbatches wait, which is most of the measured latency.
    const bool open = scenario_.workload.arrivals != ArrivalKind::closed_loop;
    if (in_rate(a) && problem_.goal.objective == Objective::latency)
      return open ? x.latency_p50_s < y.latency_p50_s * (1 - kSame)
                  : a.result.prediction.latency_s < b.result.prediction.latency_s * (1 - kSame);
    const double more = a.result.prediction.accuracy - b.result.prediction.accuracy;
    if (in_rate(a) && problem_.goal.objective == Objective::accuracy && std::abs(more) > kSame)
      return more > 0;
    return x.throughput_images_per_s > y.throughput_images_per_s * (1 + kSame);
  }

  // --- variations

  // Whether simulating all plans takes no longer than varying one. Counts a third of their work, as most runs
  // are ended early (latest()).
  bool few_plans() const {
    if (problem_.codings.size() > 1) return false;
    const auto [plans, stages] = count_plans(problem_);
    return plans <= kMostPlans && (stages + plans) * work_of_a_hop_ <= 3 * kMostWork;
  }

  void try_all(std::vector<PlannedStage>& stages, int done) {
    if (stopped()) return;
    if (done == problem_.layers) return consider(stages);
    for (std::size_t d = 0; d < problem_.devices.size(); ++d) {
      if (!problem_.devices[d].stage || !is_idle(stages, d)) continue;
      for (int last = done + 1; last <= problem_.layers; ++last) {
        PlannedStage stage;
        stage.device = d;
        stage.layers = {done + 1, last};
        stages.push_back(stage);
        try_all(stages, last);
        stages.pop_back();
      }
    }
  }

  // Moves from the best candidate to a better neighbour, until there is none.
  void vary() {
    for (bool improved = true; improved && go_on("varying the best plan", 0.5);) {
      const auto stages = candidates_[best_].result.stages;
      const auto before = best_;
      for (const auto& other : neighbours_of(problem_, stages)) {
        if (work_ > kMostWork || simulated_ >= kMostVariations || stopped()) break;
        consider(other);
      }
      improved = best_ != before;
    }
  }

  // --- the answer

  PlannedScenario answer(PlanningResult result, const std::optional<DryRun::Figures>& figures) {
    result.algorithm = request_.algorithm;
    result.changing = changing_;
    if (!changing_.empty()) result.exact = false;
    if (figures) {
      result.simulated = figures->figures;
      fill_bound(*figures, result);
    }
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      if (c >= tried_by_model_ && c != best_) continue;  // of the variations, only the chosen one
      const auto& tried = candidates_[c];
      result.candidates.push_back({tried.result.stages, tried.result.prediction.throughput_images_per_s,
                                   tried.figures.figures, c == best_});
    }
    result.variations = simulated_;
    add_bits_range(result);
    Plan plan = plan_of(scenario_, problem_, result);
    return {std::move(problem_), std::move(result), std::move(plan)};
  }

  // The bound in images per second that no plan exceeds in a run of these images. For goals other than the
  // rate, and for plans that were not searched, the bound holds only for this plan.
  void fill_bound(const DryRun::Figures& figures, PlanningResult& result) const {
    const auto images = static_cast<double>(figures.figures.images);
    const bool of_all =
        searched(request_.algorithm) && problem_.goal.objective == Objective::throughput && !stopped();
    double bottleneck_s = result.lower_bound_s;
    if (!changing_.empty() || !of_all) {
      bottleneck_s = 0;
      const double full = std::max(1.0, std::floor(images / problem_.images));
      for (int round = 0; round < kBoundRounds && (round == 0 || !changing_.empty()); ++round)
        bottleneck_s = std::max(bottleneck_s, bottleneck_at_best(result, of_all, bottleneck_s * full));
    }
    if (!changing_.empty()) result.lower_bound_s = of_all ? bottleneck_s : 0;
    double& most = result.bound_images_per_s;
    most = bottleneck_s > 0 ? problem_.images / bottleneck_s : 0;
    const bool open = scenario_.workload.arrivals != ArrivalKind::closed_loop;
    if (open && figures.last_created_s > 0) {
      const double offered = images / figures.last_created_s;
      most = most > 0 ? std::min(most, offered) : offered;
    }
  }

  double bottleneck_at_best(const PlanningResult& result, bool of_all, double run_s) const {
    PlanningProblem best = problem_;
    reckon_links(spec_, {.at_best = Duration::from_seconds(run_s)}, best);
    if (adaptive(scenario_) && !reckon_bits(scenario_, spec_, bits_of_policy().first, best)) return 0;
    best.goal.latency_bound_s = std::numeric_limits<double>::infinity();
    best.goal.target_images_per_s = 0;
    if (!of_all) return predict(best, result.stages).prediction.bottleneck_s;
    const auto found = plan_pipeline(best, request_);
    return found ? found->lower_bound_s : 0;
  }

  void add_bits_range(PlanningResult& result) const {
    if (!adaptive(scenario_)) return;
    const auto [fewest, most] = bits_of_policy();
    BitsRange range{.fewest = fewest, .most = most, .with_fewest = {}, .with_most = {}};
    for (const bool least : {true, false}) {
      PlanningProblem problem = problem_;
      if (!reckon_bits(scenario_, spec_, least ? fewest : most, problem)) return;
      (least ? range.with_fewest : range.with_most) = predict(problem, result.stages).prediction;
    }
    result.bits_range = range;
  }

  const Scenario& scenario_;
  NetworkSpec spec_;
  PlanningRequest request_;
  DryRun dry_run_;
  PlanningProblem problem_;
  std::vector<std::string> changing_;
  double window_s_ = 0;  // how long the model's own choice takes
  std::vector<Tried> candidates_;
  std::size_t best_ = 0, tried_by_model_ = 0, simulated_ = 0;
  std::set<std::string> seen_;
  std::uint64_t work_ = 0;    // of simulating other plans than the first
  double work_of_a_hop_ = 0;  // of the first plan, which has one more hop than stages
  std::string failure_;
  bool stopped_ = false;
};

}  // namespace

Result<PlannedScenario> plan_scenario(const Scenario& scenario, const PlanningRequest& request,
                                      const NetworkSpec* network) {
  if (network) return ScenarioPlanner(scenario, *network, request).run();
  auto spec = planning_network_of(scenario);
  if (!spec) return spec.error();
  return ScenarioPlanner(scenario, std::move(*spec), request).run();
}

}  // namespace millrace
