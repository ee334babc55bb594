#include "runtime/scenario/partition_checks.hpp"

#include <fmt/format.h>

#include "runtime/scenario/choices.hpp"

namespace millrace {
namespace {

constexpr const char* kAt = "policy.partition";

class PartitionChecks {
 public:
  PartitionChecks(const Scenario& scenario, ProblemLog& log)
      : partition_(scenario.policy.partition), quantization_(scenario.policy.quantization), log_(log) {}

  void run() {
    if (!log_.good(key("kind"))) return;
    const bool optimal = partition_.kind == "optimal", joint = partition_.kind == "joint";
    for (const char* name : {"objective", "latency_bound"}) {
      if (!optimal) no_effect(name, "set the kind to optimal");
    }
    if (!optimal && !joint) no_effect("target_rate", "set the kind to optimal or joint");
    for (const char* name : {"accuracy_floor", "accuracy_table"}) {
      if (!joint) no_effect(name, "set the kind to joint");
    }
    if (joint) check_joint();
    if (optimal && partition_.objective == "latency" && given("latency_bound"))
      log_.report(key("latency_bound"),
                  fmt::format("{0}.latency_bound bounds the objective throughput, and {0}.objective is "
                              "latency; remove one of them",
                              kAt));
  }

 private:
  void check_joint() {
    if (!log_.has(key("accuracy_table")) && log_.good(key("accuracy_table")))
      log_.report(key("accuracy_table"),
                  fmt::format("{}.accuracy_table is missing: kind: joint needs the CSV that `millrace-node "
                              "eval --codec {} --cuts all` writes",
                              kAt, quantization_.codec));
    if (!log_.has(key("target_rate")) && !log_.has(key("accuracy_floor")) && log_.good(kAt))
      log_.report(kAt, fmt::format("{} needs a goal: target_rate (the best accuracy at that rate), for "
                                   "example 10 /s, or accuracy_floor (the best rate at that accuracy), for "
                                   "example 0.9",
                                   kAt));
    const std::string bits = "policy.quantization.bits", kind = "policy.quantization.kind";
    if (log_.has(bits) && log_.good(bits))
      log_.report(bits, bits +
                            " has no effect with policy.partition.kind: joint, which gives every cut its "
                            "own; remove it");
    if (log_.good(kind) && quantization_.kind != "fixed")
      log_.report(kind,
                  fmt::format("{}: {} adapts the bits that policy.partition.kind: joint has planned; set "
                              "it to fixed, or plan with optimal",
                              kind, quantization_.kind));
  }

  static std::string key(const char* name) { return fmt::format("{}.{}", kAt, name); }
  bool given(const char* name) const { return log_.has(key(name)) && log_.good(key(name)); }

  void no_effect(const char* name, const char* advice) {
    if (given(name))
      log_.report(key(name), fmt::format("{} has no effect with kind: {}; remove it, or {}", key(name),
                                         partition_.kind, advice));
  }

  const PolicySection::Partition& partition_;
  const PolicySection::Quantization& quantization_;
  ProblemLog& log_;
};

}  // namespace

void check_partition_goal(const Scenario& scenario, ProblemLog& log) { PartitionChecks(scenario, log).run(); }

}  // namespace millrace
