#include "runtime/scenario/partition_checks.hpp"

#include <fmt/format.h>

#include "runtime/scenario/names.hpp"

namespace millrace {
namespace {

constexpr const char* kAt = "policy.partition";

class PartitionChecks {
 public:
  PartitionChecks(const Scenario& scenario, ProblemLog& log)
      : partition_(scenario.policy.partition), log_(log) {}

  void run() {
    if (!log_.good(key("kind"))) return;
    const bool optimal = partition_.kind == "optimal";
    for (const char* name : {"objective", "latency_bound", "target_rate"}) {
      if (!optimal) no_effect(name, "set the kind to optimal");
    }
    if (optimal && partition_.objective == "latency" && given("latency_bound"))
      log_.report(key("latency_bound"),
                  fmt::format("{0}.latency_bound bounds the objective throughput, and {0}.objective is "
                              "latency; remove one of them",
                              kAt));
  }

 private:
  static std::string key(const char* name) { return fmt::format("{}.{}", kAt, name); }
  bool given(const char* name) const { return log_.has(key(name)) && log_.good(key(name)); }

  void no_effect(const char* name, const char* advice) {
    if (given(name))
      log_.report(key(name), fmt::format("{} has no effect with kind: {}; remove it, or {}", key(name),
                                         partition_.kind, advice));
  }

  const PolicySection::Partition& partition_;
  ProblemLog& log_;
};

}  // namespace

void check_partition_goal(const Scenario& scenario, ProblemLog& log) { PartitionChecks(scenario, log).run(); }

}  // namespace millrace
