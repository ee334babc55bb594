// The planner's prediction against simulate's steady state: two models of one pipeline that share only the
// costs, over random scenarios. A seed that fails is printed with the message.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "runtime/base/random.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/runner.hpp"
#include "sim/run/scenario_plan.hpp"
#include "sim/run/scenario_problem.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

constexpr std::uint64_t kScenarios = 14;
constexpr double kError = 0.03;
// Where hops share a trunk, microbatches come in small bunches: with this many, one more or less does not
// matter.
constexpr int kMicrobatches = 800;

class PlannerPrediction : public InAFolder {
 protected:
  static double between(Random& random, double low, double high) {
    return low + (high - low) * random.uniform();
  }

  // 2 to 5 boards of different speeds; every ordered pair has its own link, so no link is shared.
  static Scenario scenario(std::uint64_t seed) {
    Random random(seed, "planner prediction");
    const std::size_t boards = 2 + random.below(4);
    std::string text =
        "millrace: 1\nname: random\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {microbatches: " +
        std::to_string(kMicrobatches) + "}\ndevices:\n  - {name: d0, runs: [source, sink]}\n";
    for (std::size_t d = 1; d <= boards; ++d)
      text += fmt::format("  - {{name: d{}, speed: {:.3f} GFLOP/s}}\n", d, between(random, 2, 20));
    text += "network:\n  kind: fluid\n  links:\n";
    for (std::size_t a = 0; a <= boards; ++a) {
      for (std::size_t b = 0; b <= boards; ++b) {
        if (a != b)
          text += fmt::format("    - {{from: d{}, to: d{}, rate: {:.3f} Mbit/s, delay: {:.3f} ms}}\n", a, b,
                              std::exp(between(random, 1, 5)), between(random, 0, 60));
      }
    }
    const char* kinds[] = {"optimal", "even", "pipedream"};
    text += fmt::format("policy:\n  partition: {{kind: {}}}\n  quantization: {{codec: uniform, bits: {}}}\n",
                        kinds[random.below(3)], 2 + random.below(7));
    const auto read = read_scenario_text(text + "run: {mode: simulate}\n", "s.yaml", "", {});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario.value();
  }

  // Boards on both sides of a trunk between two switches; even plans that cross it repeatedly.
  static Scenario behind_a_trunk(std::uint64_t seed) {
    Random random(seed, "planner prediction, trunk");
    const std::size_t boards = 3 + random.below(3);
    std::string text =
        "millrace: 1\nname: trunk\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {microbatches: " +
        std::to_string(kMicrobatches) +
        "}\ndevices:\n  - {name: d0, runs: [source, sink]}\n  - {name: s0}\n  - {name: s1}\n";
    std::string links = fmt::format("    - {{between: [s0, s1], rate: {:.3f} Mbit/s, delay: 1 ms}}\n",
                                    between(random, 3, 30));
    links += "    - {between: [d0, s0], rate: 200 Mbit/s}\n";
    std::string order;
    for (std::size_t d = 1; d <= boards; ++d) {
      text += fmt::format("  - {{name: d{}, speed: {:.3f} GFLOP/s}}\n", d, between(random, 2, 20));
      links += fmt::format("    - {{between: [d{}, s{}], rate: 200 Mbit/s, delay: 1 ms}}\n", d, d % 2);
      order += fmt::format("{}d{}", d > 1 ? ", " : "", d);
    }
    text += "network:\n  kind: fluid\n  links:\n" + links + "policy:\n  partition: {kind: even, devices: [" +
            order + "]}\n  quantization: {codec: uniform, bits: 8}\nrun: {mode: simulate}\n";
    const auto read = read_scenario_text(text, "s.yaml", "", {});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario.value();
  }

  // The planner's bottleneck, after checking its prediction against a run.
  std::string compare(const Scenario& of, std::uint64_t seed) const {
    const auto problem = planning_problem_of(of);
    EXPECT_TRUE(problem.ok());
    const auto planned = plan_pipeline(*problem, planning_request_of(of));
    EXPECT_TRUE(planned.ok());
    RunRequest request;
    request.scenario = of;
    request.out = path("run");
    EXPECT_TRUE(run_scenario(request).ok());
    const double predicted = planned->prediction.throughput_images_per_s, found = steady("run");
    EXPECT_NEAR(found / predicted, 1, kError)
        << "seed " << seed << ", bound by " << planned->prediction.bottleneck;
    return planned->prediction.bottleneck;
  }

  // Images per second between a quarter and three quarters of the run.
  double steady(const std::string& name) const {
    std::istringstream rows(read(name + "/microbatches.csv"));
    std::vector<std::int64_t> completed;
    std::string row;
    std::getline(rows, row);
    while (std::getline(rows, row)) {
      std::istringstream cells(row);
      std::string cell;
      for (int field = 0; field < 4; ++field) std::getline(cells, cell, ',');
      completed.push_back(std::stoll(cell));
    }
    EXPECT_EQ(completed.size(), kMicrobatches);
    std::sort(completed.begin(), completed.end());
    const std::size_t first = completed.size() / 4, last = 3 * completed.size() / 4;
    return static_cast<double>(last - first) * 4 * 1e9 /
           static_cast<double>(completed[last] - completed[first]);
  }
};

TEST_F(PlannerPrediction, IsWithinThreePercentOfTheSimulatedSteadyState) {
  int by_transfer = 0;
  for (std::uint64_t seed = 1; seed <= kScenarios; ++seed)
    by_transfer += compare(scenario(seed), seed).find("transfer") != std::string::npos ? 1 : 0;
  EXPECT_GE(by_transfer, 3);  // otherwise links are not tested
  EXPECT_LE(by_transfer, static_cast<int>(kScenarios) - 3);
}

TEST_F(PlannerPrediction, HoldsWhereHopsShareATrunk) {
  int by_trunk = 0;
  for (std::uint64_t seed = 1; seed <= kScenarios; ++seed)
    by_trunk += compare(behind_a_trunk(seed), seed).find("shared by") != std::string::npos ? 1 : 0;
  EXPECT_GE(by_trunk, 3);
}

}  // namespace
}  // namespace millrace
