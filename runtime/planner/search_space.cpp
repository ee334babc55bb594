#include "runtime/planner/search_space.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
constexpr double kMostNats = 700;  // of accuracy lost: a share of 1e-304 is left

double or_zero(const std::vector<double>& values, std::size_t i) { return values.empty() ? 0 : values[i]; }

bool same_hop(const PlanningHop& a, const PlanningHop& b) {
  return a.bit_per_s == b.bit_per_s && a.latency_s == b.latency_s && a.feedback_s == b.feedback_s;
}

}  // namespace

SearchSpace::SearchSpace(const PlanningProblem& problem, bool merge_types)
    : problem_(problem), layers_(problem.layers), per_window_(problem.window > 0 ? 1.0 / problem.window : 0) {
  find_types(merge_types);
  const auto cuts = at(layers_ + 1);
  for (const auto& members : types_) {
    const PlanningDevice& device = problem.devices[members.front()];
    capacity_.push_back(device.memory_bytes.value_or(kForever));
    Costs costs;
    double sum = 0;
    for (std::size_t cut = 0; cut < cuts; ++cut) {
      costs.decode.push_back(or_zero(device.decode_s, cut));
      costs.encode.push_back(or_zero(device.encode_s, cut));
      if (cut > 0) sum += device.compute_s[cut - 1];
      costs.before.push_back(sum);
    }
    costs_.push_back(std::move(costs));
  }
  fill_pairs();
  for (const auto& coding : problem.codings) {
    for (std::size_t cut = 0; cut < cuts; ++cut) {
      const bool inner = cut > 0 && cut + 1 < cuts && !coding.retained.empty();
      const double nats = inner ? std::min(-std::log(coding.retained[cut]), kMostNats) : 0;
      bytes_.push_back(coding.wire_bytes[cut]);
      loss_.push_back(std::round(nats * kLossPerNat));
    }
  }
}

// Exchanging two devices of one type does not change the problem, so a device is compared with one member
// only.
void SearchSpace::find_types(bool merge) {
  for (std::size_t d = 0; d < problem_.devices.size(); ++d) {
    if (!problem_.devices[d].stage) continue;
    const auto known = std::find_if(types_.begin(), types_.end(),
                                    [&](const auto& members) { return merge && same(members.front(), d); });
    if (known == types_.end()) {
      types_.push_back({d});
    } else {
      known->push_back(d);
    }
  }
}

bool SearchSpace::same(std::size_t a, std::size_t b) const {
  const PlanningDevice& x = problem_.devices[a];
  const PlanningDevice& y = problem_.devices[b];
  if (x.compute_s != y.compute_s || x.decode_s != y.decode_s || x.encode_s != y.encode_s ||
      x.memory_bytes != y.memory_bytes)
    return false;
  for (const auto& end : {problem_.source, problem_.sink}) {
    if (end && (*end == a || *end == b)) return false;
  }
  if (!same_hop(problem_.hops[a][b], problem_.hops[b][a])) return false;
  for (std::size_t c = 0; c < problem_.devices.size(); ++c) {
    if (c == a || c == b) continue;
    const bool an_end = (problem_.source && *problem_.source == c) || (problem_.sink && *problem_.sink == c);
    if (!problem_.devices[c].stage && !an_end) continue;  // nothing is sent there
    if (!same_hop(problem_.hops[a][c], problem_.hops[b][c])) return false;
    if (!same_hop(problem_.hops[c][a], problem_.hops[c][b])) return false;
  }
  return true;
}

SearchSpace::Pair SearchSpace::pair_of(const PlanningHop& hop) const {
  Pair pair;
  pair.way = hop.bit_per_s > 0;
  pair.s_per_byte = pair.way ? 8 / hop.bit_per_s : kForever;
  pair.latency_s = pair.way ? hop.latency_s : kForever;
  pair.round_trip_s = pair.latency_s + hop.feedback_s;
  return pair;
}

void SearchSpace::fill_pairs() {
  const std::size_t all = types_.size() + 1;
  pairs_.assign(all * all, {.way = true});
  for (std::size_t from = 0; from < types_.size(); ++from) {
    const std::size_t a = types_[from].front();
    for (std::size_t to = 0; to < types_.size(); ++to) {
      const std::size_t b = from == to ? types_[to].back() : types_[to].front();
      if (a != b) pairs_[from * all + to] = pair_of(problem_.hops[a][b]);
    }
    if (problem_.source && *problem_.source != a)
      pairs_[outside() * all + from] = pair_of(problem_.hops[*problem_.source][a]);
    if (problem_.sink && *problem_.sink != a)
      pairs_[from * all + outside()] = pair_of(problem_.hops[a][*problem_.sink]);
  }
}

// stage_memory_bytes() of i+1..j, from the sums for i+1..j-1, which it extends.
double SearchSpace::memory_step(int i, int j, double& weights, double& working) const {
  weights += or_zero(problem_.weight_bytes, at(j - 1));
  working = std::max(working, or_zero(problem_.working_bytes, at(j - 1)));
  const int inbound = i > 0 || problem_.first_stage_buffers_input ? problem_.inbound_buffers : 0;
  return weights + inbound * or_zero(problem_.buffer_bytes, at(i)) +
         problem_.outbound_buffers * or_zero(problem_.buffer_bytes, at(j)) +
         or_zero(problem_.activation_bytes, at(i)) + or_zero(problem_.activation_bytes, at(j)) + working;
}

bool SearchSpace::fits(std::size_t type, int i, int j) const {
  return stage_memory_bytes(problem_, i, j) <= capacity_[type];
}

bool SearchSpace::crosses(std::size_t from, std::size_t to, int cut, double period_s) const {
  if (!connected(from, to)) return false;
  for (std::size_t c = 0; c < problem_.codings.size(); ++c) {
    if (usable(cut, c) && transfer(from, to, cut, c).period_s <= period_s) return true;
  }
  return false;
}

SearchSpace::Choice SearchSpace::best_coding(std::size_t from, std::size_t to, int cut, double period_s,
                                             CostKind kind) const {
  Choice best;
  if (!connected(from, to)) return best;
  for (std::size_t c = 0; c < problem_.codings.size(); ++c) {
    const Transfer sent = transfer(from, to, cut, c);
    if (!usable(cut, c) || sent.period_s > period_s) continue;
    const PlanCost cost =
        kind == CostKind::latency ? PlanCost{sent.latency_s, 0} : PlanCost{sent.loss, sent.latency_s};
    if (!best.possible || cost < best.cost) best = {c, cost, true};
  }
  return best;
}

// For weights w of the devices that sum to 1, sum over sub-layers of min over devices of w·seconds is a lower
// bound: a bottleneck P bounds every device's load, so P >= sum w·load >= that sum. Good weights favour
// devices by load; they are found by a few rounds of multiplicative updates.
double SearchSpace::bottleneck_bound_s() const {
  double slowest = 0;
  std::vector<double> weight;
  for (std::size_t t = 0; t < types(); ++t) {
    const double whole = costs_[t].before.back();
    weight.push_back(whole > 0 ? 1 / whole : 1e300);
  }
  double best = 0;
  for (int round = 0; round < 100; ++round) {
    double norm = 0;
    for (std::size_t t = 0; t < types(); ++t) norm += weight[t] * static_cast<double>(types_[t].size());
    if (!(norm > 0) || !std::isfinite(norm)) break;
    std::vector<double> load_s(types());
    double bound = 0;
    for (int layer = 0; layer < layers_; ++layer) {
      std::size_t least = 0;
      double least_cost = kForever, shortest = kForever;
      for (std::size_t t = 0; t < types(); ++t) {
        const double seconds = costs_[t].before[at(layer + 1)] - costs_[t].before[at(layer)];
        shortest = std::min(shortest, seconds);
        if (weight[t] * seconds < least_cost) least_cost = weight[t] * seconds, least = t;
      }
      slowest = std::max(slowest, shortest);
      bound += least_cost;
      load_s[least] += costs_[least].before[at(layer + 1)] - costs_[least].before[at(layer)];
    }
    bound /= norm;
    best = std::max(best, bound);
    if (!(bound > 0)) break;
    // A type that would carry more than its share gets a higher weight.
    for (std::size_t t = 0; t < types(); ++t) {
      const double share = load_s[t] / (bound * static_cast<double>(types_[t].size()));
      weight[t] *= std::exp(0.3 / (10 + round) * (std::min(share, 10.0) - 1));
    }
  }
  // Lowered, because rounding in prefix sums must not lift the bound above the optimum.
  return std::max(best, slowest) * (1 - 1e-9);
}

}  // namespace millrace
