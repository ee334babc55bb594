// Planning has to be quick enough to be used at any time: exact plans for hosts of few types, and for
// devices that are all different.
#include <cmath>

#include "runtime/base/random.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/planner/planner.hpp"
#include "tests/bench/bench.hpp"

namespace millrace::bench {

namespace {

struct Cluster {
  int types = 1, hosts = 1;  // per type
  const char* model = "vit-base";
};

// Every type has its own speed, rate and memory; microbatch 8, fp32, a hop as fast as its slower end.
PlanningProblem problem_of(const Cluster& cluster) {
  const ModelConfig model = *model_by_name(cluster.model);
  Random random(1, "plan bench");
  PlanningProblem problem;
  problem.model = cluster.model;
  problem.layers = model.sub_layers();
  problem.images = 8;
  PlanningCoding coding;
  for (int cut = 0; cut <= problem.layers; ++cut) {
    coding.wire_bytes.push_back(static_cast<double>(values_at_cut(model, cut)) * 8 * 4);
    problem.buffer_bytes.push_back(coding.wire_bytes.back());
    problem.activation_bytes.push_back(coding.wire_bytes.back());
  }
  problem.codings = {coding};
  std::vector<double> rate;
  for (int t = 0; t < cluster.types; ++t) {
    PlanningDevice device;
    const double flop_per_s = 8e9 * std::exp(2 * random.uniform());
    for (int layer = 1; layer <= problem.layers; ++layer)
      device.compute_s.push_back(8 * flops_per_image(model, {layer, layer}) / flop_per_s *
                                 (0.9 + 0.2 * random.uniform()));
    device.memory_bytes = (0.5 + 2 * random.uniform()) * 1e9;
    const double bit_per_s = 20e6 * std::exp(4 * random.uniform());
    for (int h = 0; h < cluster.hosts; ++h) {
      problem.devices.push_back(device);
      rate.push_back(bit_per_s);
    }
  }
  for (int layer = 1; layer <= problem.layers; ++layer)
    problem.weight_bytes.push_back(static_cast<double>(weight_bytes(model, {layer, layer}).count()));
  for (const double from : rate) {
    problem.hops.emplace_back();
    for (const double to : rate) problem.hops.back().push_back({.bit_per_s = std::min(from, to)});
  }
  return problem;
}

double planning_s(const Cluster& cluster) {
  const PlanningProblem problem = problem_of(cluster);
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    seconds.push_back(seconds_of([&] {
      const auto result = plan_pipeline(problem, {.compare = false});
      MR_CHECK(result.ok() && result->exact);
    }));
  }
  return median(seconds);
}

}  // namespace

void bench_plan(Report& report) {
  report.add(
      {"plan.types8x2.vit-base.seconds", planning_s({8, 2, "vit-base"}), "s", "exact, at most 0.15 s"});
  report.add(
      {"plan.types4x4.vit-large.seconds", planning_s({4, 4, "vit-large"}), "s", "exact, at most 0.05 s"});
  report.add(
      {"plan.distinct16.vit-large.seconds", planning_s({16, 1, "vit-large"}), "s", "exact, at most 5 s"});
}

}  // namespace millrace::bench
