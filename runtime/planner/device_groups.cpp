#include "runtime/planner/device_groups.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "runtime/planner/placement_graph.hpp"

namespace millrace {

namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
using Features =
    std::array<double, 6>;  // logarithms: time, link rates out and in, from source, to sink; memory

double log_of(double value) { return std::log(std::clamp(value, 1e-300, 1e300)); }

PlanningHop hop_between(const PlanningProblem& problem, std::optional<std::size_t> from,
                        std::optional<std::size_t> to) {
  if (!from || !to || *from == *to) return {.bit_per_s = kForever};
  return problem.hops[*from][*to];
}

// What to compare devices by. Rates are clamped: beyond 1 Tbit/s and below 1 bit/s they are all alike.
Features features_of(const PlanningProblem& problem, std::size_t device) {
  const auto& compute = problem.devices[device].compute_s;
  double out = 0, in = 0, count = 0;
  const auto rate = [](const PlanningHop& hop) { return log_of(std::clamp(hop.bit_per_s, 1.0, 1e12)); };
  for (std::size_t other = 0; other < problem.devices.size(); ++other) {
    if (other == device || !problem.devices[other].stage) continue;
    out += rate(problem.hops[device][other]);
    in += rate(problem.hops[other][device]);
    ++count;
  }
  count = std::max(count, 1.0);
  return {log_of(std::accumulate(compute.begin(), compute.end(), 0.0)),
          out / count,
          in / count,
          rate(hop_between(problem, problem.source, device)),
          rate(hop_between(problem, device, problem.sink)),
          log_of(std::min(problem.devices[device].memory_bytes.value_or(1e15), 1e15))};
}

// Time counts most: it is what a bottleneck is usually made of.
double distance(const Features& a, const Features& b) {
  double sum = 2 * std::abs(a[0] - b[0]);
  for (std::size_t i = 1; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum;
}

PlanningHop merged(const PlanningHop& a, const PlanningHop& b, GroupView view) {
  const bool best = view == GroupView::best;
  const auto fast = [&](double x, double y) { return best ? std::max(x, y) : std::min(x, y); };
  const auto slow = [&](double x, double y) { return best ? std::min(x, y) : std::max(x, y); };
  return {fast(a.bit_per_s, b.bit_per_s), slow(a.latency_s, b.latency_s), slow(a.feedback_s, b.feedback_s)};
}

void merge_into(std::vector<double>& all, const std::vector<double>& one, GroupView view) {
  if (all.empty() || one.empty()) {  // an empty list costs nothing
    if (view == GroupView::best) return all.clear();
    if (all.empty()) all = one;
    return;
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = view == GroupView::best ? std::min(all[i], one[i]) : std::max(all[i], one[i]);
}

PlanningDevice merged_device(const PlanningProblem& problem, const std::vector<std::size_t>& group,
                             GroupView view) {
  PlanningDevice device = problem.devices[group.front()];
  for (const std::size_t d : group) {
    const PlanningDevice& one = problem.devices[d];
    merge_into(device.compute_s, one.compute_s, view);
    merge_into(device.decode_s, one.decode_s, view);
    merge_into(device.encode_s, one.encode_s, view);
    const double a = device.memory_bytes.value_or(kForever), b = one.memory_bytes.value_or(kForever);
    const double memory = view == GroupView::best ? std::max(a, b) : std::min(a, b);
    device.memory_bytes = memory < kForever ? std::optional(memory) : std::nullopt;
  }
  return device;
}

template <class Hop>
PlanningHop merged_hops(const std::vector<std::size_t>& from, const std::vector<std::size_t>& to,
                        GroupView view, Hop&& hop) {
  std::optional<PlanningHop> all;
  for (const std::size_t a : from) {
    for (const std::size_t b : to) {
      if (a == b && &from == &to) continue;
      all = all ? merged(*all, hop(a, b), view) : hop(a, b);
    }
  }
  return all.value_or(PlanningHop{});
}

}  // namespace

DeviceGroups group_devices(const PlanningProblem& problem, double most_nodes) {
  DeviceGroups groups;
  std::vector<Features> centre;
  for (std::size_t d = 0; d < problem.devices.size(); ++d) {
    if (!problem.devices[d].stage) continue;
    groups.push_back({d});
    centre.push_back(features_of(problem, d));
  }
  const auto nodes = [&] {
    std::vector<std::size_t> counts;
    for (const auto& group : groups) counts.push_back(group.size());
    return SubsetGraph::nodes(counts);
  };
  while (groups.size() > 1 && nodes() > most_nodes) {
    std::size_t a = 0, b = 1;
    double least = kForever;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::size_t j = i + 1; j < groups.size(); ++j) {
        if (const double d = distance(centre[i], centre[j]); d < least) least = d, a = i, b = j;
      }
    }
    const auto weight =
        static_cast<double>(groups[b].size()) / static_cast<double>(groups[a].size() + groups[b].size());
    for (std::size_t f = 0; f < centre[a].size(); ++f) centre[a][f] += weight * (centre[b][f] - centre[a][f]);
    groups[a].insert(groups[a].end(), groups[b].begin(), groups[b].end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
    centre.erase(centre.begin() + static_cast<std::ptrdiff_t>(b));
  }
  return groups;
}

PlanningProblem grouped_problem(const PlanningProblem& problem, const DeviceGroups& groups, GroupView view) {
  PlanningProblem grouped = problem;
  const std::size_t source = problem.devices.size(), sink = source + 1;
  grouped.source = source;
  grouped.sink = sink;
  for (const char* name : {"source", "sink"})
    grouped.devices.push_back({.name = name, .stage = false, .compute_s = {}});
  grouped.hops.resize(sink + 1);
  for (auto& row : grouped.hops) row.resize(sink + 1);
  const std::vector<std::size_t> end{0};
  for (const auto& from : groups) {
    const PlanningDevice device = merged_device(problem, from, view);
    const auto input = merged_hops(
        end, from, view, [&](std::size_t, std::size_t b) { return hop_between(problem, problem.source, b); });
    const auto result = merged_hops(
        from, end, view, [&](std::size_t a, std::size_t) { return hop_between(problem, a, problem.sink); });
    for (const std::size_t d : from) {
      const std::string name = grouped.devices[d].name;
      grouped.devices[d] = device;
      grouped.devices[d].name = name;
      grouped.hops[source][d] = input;
      grouped.hops[d][sink] = result;
    }
    for (const auto& to : groups) {
      const auto hop =
          merged_hops(from, to, view, [&](std::size_t a, std::size_t b) { return problem.hops[a][b]; });
      for (const std::size_t a : from) {
        for (const std::size_t b : to) {
          if (a != b) grouped.hops[a][b] = hop;
        }
      }
    }
  }
  return grouped;
}

}  // namespace millrace
