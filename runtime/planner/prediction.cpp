#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

double or_zero(const std::vector<double>& values, int i) {
  return values.empty() ? 0 : values[static_cast<std::size_t>(i)];
}

struct Transfer {
  double period_s = 0, latency_s = 0;
};

class Predictor {
 public:
  Predictor(const PlanningProblem& problem, const std::vector<PlannedStage>& stages) : problem_(problem) {
    result_.stages = stages;
    loads_.resize(problem.links.size());
  }

  PlanningResult run() {
    MR_CHECK(!result_.stages.empty() && result_.stages.back().layers.last == problem_.layers);
    const auto input = transfer(problem_.source, result_.stages.front().device, 0, 0);
    result_.input_s = input.period_s;
    result_.input_latency_s = input.latency_s;
    offer(input.period_s, "input transfer");
    figures_.latency_s = input.latency_s;
    figures_.accuracy = problem_.baseline_accuracy;
    for (std::size_t s = 0; s < result_.stages.size(); ++s) add(s);
    offer_links();
    figures_.throughput_images_per_s =
        figures_.bottleneck_s > 0 ? problem_.images / figures_.bottleneck_s : kForever;
    result_.prediction = figures_;
    return std::move(result_);
  }

 private:
  void add(std::size_t s) {
    PlannedStage& stage = result_.stages[s];
    const PlanningDevice& device = problem_.devices[stage.device];
    const bool last = s + 1 == result_.stages.size();
    MR_CHECK(stage.layers.first == (s == 0 ? 1 : result_.stages[s - 1].layers.last + 1) &&
             stage.layers.size() > 0);
    stage.decode_s = or_zero(device.decode_s, stage.layers.first - 1);
    stage.encode_s = or_zero(device.encode_s, stage.layers.last);
    stage.compute_s = 0;
    for (int layer = stage.layers.first; layer <= stage.layers.last; ++layer)
      stage.compute_s += device.compute_s.at(static_cast<std::size_t>(layer) - 1);
    const auto sent =
        last ? transfer(stage.device, problem_.sink, stage.layers.last, 0)
             : transfer(stage.device, result_.stages[s + 1].device, stage.layers.last, stage.coding);
    stage.transfer_s = sent.period_s;
    stage.transfer_latency_s = sent.latency_s;
    figures_.latency_s += stage.period_s() + sent.latency_s;
    const auto& retained = problem_.codings[stage.coding].retained;
    if (!last)
      figures_.accuracy *= retained.empty() ? 1 : retained[static_cast<std::size_t>(stage.layers.last)];
    if (!last && !is_possible(problem_.codings[stage.coding], stage.layers.last))
      result_.violations.push_back(
          fmt::format("no accuracy is known of {:g} bits at the cut after sub-layer {}",
                      problem_.codings[stage.coding].bits_per_value, stage.layers.last));
    offer(stage.period_s(), fmt::format("compute of stage {}", s + 1));
    offer(sent.period_s, last ? std::string("result transfer")
                              : fmt::format("transfer from stage {} to stage {}", s + 1, s + 2));
    check_memory(s, stage, device);
  }

  void check_memory(std::size_t s, PlannedStage& stage, const PlanningDevice& device) {
    stage.memory_bytes = stage_memory_bytes(problem_, stage.layers.first - 1, stage.layers.last);
    if (!device.memory_bytes || stage.memory_bytes <= *device.memory_bytes) return;
    constexpr double kMib = 1 << 20;
    result_.violations.push_back(fmt::format("stage {} needs {:.1f} MiB, {} has {:.1f} MiB", s + 1,
                                             stage.memory_bytes / kMib, device.name,
                                             *device.memory_bytes / kMib));
  }

  Transfer transfer(std::optional<std::size_t> from, std::optional<std::size_t> to, int cut,
                    std::size_t coding) {
    if (!from || !to || *from == *to) return {};
    const PlanningHop& hop = problem_.hops[*from][*to];
    if (hop.bit_per_s == 0) {
      result_.violations.push_back(fmt::format("no way leads from {} to {}", problem_.devices[*from].name,
                                               problem_.devices[*to].name));
      return {kForever, kForever};
    }
    const double wire_s =
        problem_.codings[coding].wire_bytes[static_cast<std::size_t>(cut)] * 8 / hop.bit_per_s;
    for (const auto link : hop.links) {
      ++loads_[link].transfers;
      loads_[link].period_s += problem_.codings[coding].wire_bytes[static_cast<std::size_t>(cut)] * 8 /
                               problem_.links[link].bit_per_s;
    }
    const double round_s = wire_s + hop.latency_s + hop.feedback_s;
    return {problem_.window > 0 ? std::max(wire_s, round_s / problem_.window) : wire_s,
            wire_s + hop.latency_s};
  }

  // For a link with one transfer, the hop's own period already covers it.
  void offer_links() {
    for (std::size_t link = 0; link < loads_.size(); ++link) {
      const auto& [transfers, period_s] = loads_[link];
      if (transfers < 2) continue;
      result_.shared_links.push_back({link, transfers, period_s});
      offer(period_s, fmt::format("link {}, shared by {} transfers", problem_.links[link].name, transfers));
    }
  }

  // Of equals, the first is named.
  void offer(double seconds, const std::string& what) {
    if (!figures_.bottleneck.empty() && seconds <= figures_.bottleneck_s) return;
    figures_.bottleneck_s = seconds;
    figures_.bottleneck = what;
  }

  const PlanningProblem& problem_;
  PlanningResult result_;
  Prediction figures_;
  struct Load {
    int transfers = 0;
    double period_s = 0;
  };
  std::vector<Load> loads_;  // by link
};

}  // namespace

PlanningResult predict(const PlanningProblem& problem, const std::vector<PlannedStage>& stages) {
  return Predictor(problem, stages).run();
}

}  // namespace millrace
