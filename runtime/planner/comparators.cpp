#include "runtime/planner/comparators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/planner/partition.hpp"

namespace millrace {

namespace {

Error fault(std::string text) { return {std::move(text), ExitCode::invalid_input}; }

std::vector<PlannedStage> with_cuts(const PlanningProblem& problem, const std::vector<std::size_t>& devices,
                                    const std::vector<int>& cuts) {
  std::vector<PlannedStage> stages;
  int first = 1;
  for (std::size_t s = 0; s <= cuts.size(); ++s) {
    const int last = s < cuts.size() ? cuts[s] : problem.layers;
    PlannedStage stage;
    stage.device = devices[s];
    stage.layers = {first, last};
    stages.push_back(stage);
    first = last + 1;
  }
  return stages;
}

// The mean of all devices and the mean of all links: PipeDream takes every device and link to be the mean.
struct Mean {
  std::vector<double> before;      // seconds of the sub-layers up to each cut
  std::vector<double> transfer_s;  // by cut

  Mean(const PlanningProblem& problem, const std::vector<std::size_t>& devices) {
    const auto layers = static_cast<std::size_t>(problem.layers);
    before.assign(layers + 1, 0);
    for (std::size_t cut = 1; cut <= layers; ++cut) {
      double sum = 0;
      for (const auto device : devices) sum += problem.devices[device].compute_s[cut - 1];
      before[cut] = before[cut - 1] + sum / static_cast<double>(devices.size());
    }
    double rate = 0, links = 0;
    for (const auto from : devices) {
      for (const auto to : devices) {
        if (from == to || problem.hops[from][to].bit_per_s == 0) continue;
        rate += problem.hops[from][to].bit_per_s;
        ++links;
      }
    }
    const double mean = links > 0 ? rate / links : std::numeric_limits<double>::infinity();
    for (const double bytes : problem.codings.front().wire_bytes) transfer_s.push_back(bytes * 8 / mean);
  }
};

}  // namespace

Result<std::vector<PlannedStage>> even_stages(const PlanningProblem& problem,
                                              const std::vector<std::size_t>& devices) {
  const auto cuts = even_cuts(problem.layers, devices.size());
  if (!cuts) return cuts.error();
  return with_cuts(problem, devices, *cuts);
}

Result<std::vector<PlannedStage>> fixed_stages(const PlanningProblem& problem,
                                               const std::vector<std::size_t>& devices,
                                               const std::vector<int>& cuts) {
  if (auto sound = check_cuts(cuts, problem.layers, devices.size()); !sound) return sound.error();
  return with_cuts(problem, devices, cuts);
}

Result<std::vector<PlannedStage>> pipedream_stages(const PlanningProblem& problem,
                                                   const std::vector<std::size_t>& devices) {
  if (devices.empty()) return fault("partition pipedream: no device runs stages");
  const Mean mean(problem, devices);
  const auto layers = static_cast<std::size_t>(problem.layers);
  const std::size_t most = std::min(devices.size(), layers);
  // best[m][j]: the shortest bottleneck of sub-layers 1..j on m+1 devices; from[m][j]: the cut before the
  // last.
  std::vector<std::vector<double>> best(
      most, std::vector<double>(layers + 1, std::numeric_limits<double>::infinity()));
  std::vector<std::vector<std::size_t>> from(most, std::vector<std::size_t>(layers + 1, 0));
  best[0] = mean.before;
  for (std::size_t m = 1; m < most; ++m) {
    for (std::size_t j = m + 1; j <= layers; ++j) {
      for (std::size_t i = m; i < j; ++i) {
        const double slowest =
            std::max({best[m - 1][i], mean.transfer_s[i], mean.before[j] - mean.before[i]});
        if (slowest < best[m][j]) best[m][j] = slowest, from[m][j] = i;
      }
    }
  }
  std::size_t stages = 0;
  for (std::size_t m = 1; m < most; ++m) {
    if (best[m][layers] < best[stages][layers]) stages = m;
  }
  std::vector<int> cuts;
  for (std::size_t m = stages, j = layers; m > 0; --m) {
    j = from[m][j];
    cuts.push_back(static_cast<int>(j));
  }
  std::reverse(cuts.begin(), cuts.end());
  return with_cuts(problem, devices, cuts);
}

}  // namespace millrace
