#include "tests/planner/planning_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millrace::oracle {

namespace {

// Depth first: the next stage on any device not used yet, ending at any later cut, in any coding.
class Enumeration {
 public:
  explicit Enumeration(const PlanningProblem& problem) : p_(problem), used_(problem.devices.size()) {}

  std::vector<Figures> run() {
    for (std::size_t d = 0; d < p_.devices.size(); ++d) {
      if (!p_.devices[d].stage) continue;
      Figures start{0, 0, p_.baseline_accuracy};
      if (p_.source && !send(*p_.source, d, p_.codings[0].wire_bytes[0], start)) continue;
      stage(d, 0, start);
    }
    return plans_;
  }

 private:
  static double number(const std::vector<double>& list, int i) {
    return list.empty() ? 0.0 : list[static_cast<std::size_t>(i)];
  }

  bool send(std::size_t from, std::size_t to, double bytes, Figures& f) const {
    if (from == to) return true;
    const auto& hop = p_.hops[from][to];
    if (hop.bit_per_s == 0) return false;
    const double wire = bytes * 8 / hop.bit_per_s;
    double period = wire;
    if (p_.window > 0) period = std::max(period, (wire + hop.latency_s + hop.feedback_s) / p_.window);
    f.bottleneck_s = std::max(f.bottleneck_s, period);
    f.latency_s += wire + hop.latency_s;
    f.link_s.resize(p_.links.size());
    f.crossings.resize(p_.links.size());
    for (const auto l : hop.links) {
      f.link_s[l] += bytes * 8 / p_.links[l].bit_per_s;
      if (++f.crossings[l] > 1) f.bottleneck_s = std::max(f.bottleneck_s, f.link_s[l]);
    }
    return true;
  }

  bool fits(std::size_t d, int from, int to) const {
    if (!p_.devices[d].memory_bytes) return true;
    double need = number(p_.activation_bytes, from) + number(p_.activation_bytes, to);
    need += p_.outbound_buffers * number(p_.buffer_bytes, to);
    if (from != 0 || p_.first_stage_buffers_input) need += p_.inbound_buffers * number(p_.buffer_bytes, from);
    double working = 0;
    for (int l = from; l < to; ++l) {
      need += number(p_.weight_bytes, l);
      working = std::max(working, number(p_.working_bytes, l));
    }
    return need + working <= *p_.devices[d].memory_bytes;
  }

  void stage(std::size_t d, int from, const Figures& before) {
    used_[d] = true;
    for (int to = from + 1; to <= p_.layers; ++to) {
      if (!fits(d, from, to)) continue;
      Figures f = before;
      double busy = number(p_.devices[d].decode_s, from) + number(p_.devices[d].encode_s, to);
      for (int l = from; l < to; ++l) busy += p_.devices[d].compute_s[static_cast<std::size_t>(l)];
      f.bottleneck_s = std::max(f.bottleneck_s, busy);
      f.latency_s += busy;
      if (to == p_.layers) {
        if (!p_.sink || send(d, *p_.sink, p_.codings[0].wire_bytes.back(), f)) plans_.push_back(f);
        continue;
      }
      for (std::size_t next = 0; next < p_.devices.size(); ++next) {
        if (used_[next] || !p_.devices[next].stage) continue;
        for (const auto& coding : p_.codings) {
          if (!coding.possible.empty() && !coding.possible[static_cast<std::size_t>(to)]) continue;
          Figures g = f;
          if (!send(d, next, coding.wire_bytes[static_cast<std::size_t>(to)], g)) continue;
          if (!coding.retained.empty()) g.accuracy *= coding.retained[static_cast<std::size_t>(to)];
          stage(next, to, g);
        }
      }
    }
    used_[d] = false;
  }

  const PlanningProblem& p_;
  std::vector<bool> used_;
  std::vector<Figures> plans_;
};

double between(Random& random, double low, double high) { return low + (high - low) * random.uniform(); }

std::vector<double> numbers(Random& random, int count, double low, double high) {
  std::vector<double> list;
  for (int i = 0; i < count; ++i) list.push_back(between(random, low, high));
  return list;
}

PlanningHop random_hop(Random& random, bool may_lack) {
  if (may_lack && random.below(5) == 0) return {};
  return {.bit_per_s = std::exp(between(random, 0, 5)),
          .latency_s = between(random, 0, 0.5),
          .feedback_s = between(random, 0, 0.5)};
}

void add_devices(PlanningProblem& p, Pattern pattern, Random& random) {
  const std::size_t count = 1 + random.below(4);
  const std::size_t kinds = pattern == Pattern::types ? 1 + random.below(2) : count;
  std::vector<PlanningDevice> kind;
  for (std::size_t k = 0; k < kinds; ++k) {
    PlanningDevice device;
    device.compute_s = numbers(random, p.layers, 0.1, between(random, 0.2, 4));
    if (random.below(2) == 0) device.decode_s = numbers(random, p.layers + 1, 0, 0.3);
    if (random.below(2) == 0) device.encode_s = numbers(random, p.layers + 1, 0, 0.3);
    kind.push_back(device);
  }
  for (std::size_t d = 0; d < count; ++d) {
    p.devices.push_back(kind[d % kinds]);
    p.devices.back().name = "d" + std::to_string(d);
  }
  if (pattern == Pattern::everything && random.below(2) == 0) {
    p.devices.push_back({.name = "camera", .stage = false, .compute_s = {}});
    p.source = p.sink = p.devices.size() - 1;
  }
}

// Hops depend on the kinds of devices only, or each is drawn; both directions are equal, or not.
void add_hops(PlanningProblem& p, Pattern pattern, Random& random) {
  const std::size_t all = p.devices.size();
  const bool lack = pattern == Pattern::asymmetric_links || pattern == Pattern::everything;
  const auto same = random_hop(random, false);
  p.hops.assign(all, std::vector<PlanningHop>(all));
  for (std::size_t a = 0; a < all; ++a) {
    for (std::size_t b = 0; b < all; ++b) {
      if (pattern == Pattern::types) {
        p.hops[a][b] = same;
      } else if (lack || a < b) {
        p.hops[a][b] = random_hop(random, lack);
      } else if (b < a) {
        p.hops[a][b] = p.hops[b][a];
      }
    }
  }
}

void add_memory(PlanningProblem& p, Random& random) {
  p.weight_bytes = numbers(random, p.layers, 1, 10);
  p.buffer_bytes = numbers(random, p.layers + 1, 0, 3);
  p.activation_bytes = numbers(random, p.layers + 1, 0, 2);
  if (random.below(2) == 0) p.working_bytes = numbers(random, p.layers, 0, 5);
  p.first_stage_buffers_input = random.below(2) == 0;
  const double whole = stage_memory_bytes(p, 0, p.layers);
  for (auto& device : p.devices) {
    if (device.stage && random.below(5) != 0) device.memory_bytes = whole * between(random, 0.25, 1.0);
  }
}

void add_codings(PlanningProblem& p, int count, Random& random) {
  const bool unequal = random.below(2) == 0;
  auto bytes = numbers(random, p.layers + 1, 1, 3);
  if (unequal) {
    for (auto& b : bytes) b *= std::exp(between(random, 0, 3));
  }
  p.codings.clear();
  for (int c = 0; c < count; ++c) {
    PlanningCoding coding;
    coding.bits_per_value = 32 >> c;
    coding.wire_bytes = bytes;
    for (std::size_t k = 1; k + 1 < bytes.size(); ++k) coding.wire_bytes[k] /= 1 << c;
    if (count > 1) coding.retained = numbers(random, p.layers + 1, 1 - 0.4 * (c + 0.1), 1);
    for (int k = 0; count > 1 && k <= p.layers; ++k) coding.possible.push_back(random.below(5) != 0);
    p.codings.push_back(coding);
  }
  p.baseline_accuracy = count > 1 ? 0.8 : 1;
}

}  // namespace

std::vector<Figures> all_plans(const PlanningProblem& problem) { return Enumeration(problem).run(); }

std::string pattern_name(Pattern pattern) {
  switch (pattern) {
    case Pattern::types:
      return "Types";
    case Pattern::distinct:
      return "Distinct";
    case Pattern::asymmetric_links:
      return "AsymmetricLinks";
    case Pattern::tight_memory:
      return "TightMemory";
    case Pattern::unequal_cuts:
      return "UnequalCuts";
    case Pattern::codings:
      return "Codings";
    case Pattern::everything:
      return "Everything";
  }
  return "?";
}

PlanningProblem random_problem(Pattern pattern, Random& random) {
  const bool everything = pattern == Pattern::everything;
  PlanningProblem p;
  p.model = "random";
  const bool many_codings = pattern == Pattern::codings || everything;
  p.layers = 1 + static_cast<int>(random.below(many_codings ? 5 : 7));
  p.images = 1 + static_cast<int>(random.below(8));
  p.window = static_cast<int>(random.below(3));
  add_devices(p, pattern, random);
  const std::size_t all = p.devices.size();
  if (!p.source && random.below(2) == 0) p.source = random.below(all);
  if (!p.sink && random.below(2) == 0) p.sink = random.below(all);
  add_hops(p, pattern, random);
  add_codings(p, many_codings ? 2 + static_cast<int>(random.below(2)) : 1, random);
  if (pattern == Pattern::unequal_cuts) {
    for (auto& bytes : p.codings[0].wire_bytes) bytes *= std::exp(between(random, 0, 4));
  }
  if (pattern == Pattern::tight_memory || (everything && random.below(2) == 0)) add_memory(p, random);
  return p;
}

}  // namespace millrace::oracle
