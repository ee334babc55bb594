#include "runtime/planner/plan.hpp"

#include <fmt/format.h>

namespace millrace {

std::string node_name(const Plan& plan, NodeId node) {
  if (node == plan.source_node()) return "source";
  if (node == plan.sink_node()) return "sink";
  return fmt::format("stage {}", node.value);
}

Result<void> check_plan(const Plan& plan, int sub_layers, std::size_t devices) {
  const auto fault = [](std::string text) {
    return Error{"plan: " + std::move(text), ExitCode::invalid_input};
  };
  if (plan.stages.empty()) return fault("it has no stages");
  int next = 1;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const auto& stage = plan.stages[i];
    if (stage.layers.first != next || stage.layers.last < stage.layers.first) {
      return fault(fmt::format("stage {} holds sub-layers {}..{}, expected a range that begins at {}", i + 1,
                               stage.layers.first, stage.layers.last, next));
    }
    if (stage.layers.last > sub_layers) {
      return fault(fmt::format("it ends at sub-layer {}, the model has {}", stage.layers.last, sub_layers));
    }
    if (stage.device.value >= devices)
      return fault(fmt::format("stage {} names no device of the scenario", i + 1));
    if (stage.bits && !(*stage.bits > 0 && *stage.bits <= 32))
      return fault(fmt::format("stage {} has {} bits per value, expected more than 0 and at most 32", i + 1,
                               *stage.bits));
    next = stage.layers.last + 1;
  }
  if (next != sub_layers + 1) {
    return fault(fmt::format("it ends at sub-layer {}, the model has {}", next - 1, sub_layers));
  }
  if (plan.source.value >= devices || plan.sink.value >= devices) {
    return fault("source or sink names no device of the scenario");
  }
  return {};
}

}  // namespace millrace
