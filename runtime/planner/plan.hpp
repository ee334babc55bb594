// The plan of one run: its stages, in the order of the pipeline, with their devices and sub-layers, and the
// nodes they become. Nodes are numbered along the pipeline: 0 is the source, 1..S the stages, S+1 the sink.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/model/layer_range.hpp"

namespace millrace {

struct StagePlan {
  DeviceId device;
  LayerRange layers;
  // Budget per value of what the stage sends to the next one; nothing: the quantization policy decides.
  std::optional<double> bits{};
  bool operator==(const StagePlan&) const = default;
};

struct Plan {
  DeviceId source, sink;
  std::vector<StagePlan> stages;  // not empty, ranges contiguous from 1

  std::uint32_t node_count() const { return static_cast<std::uint32_t>(stages.size()) + 2; }
  NodeId source_node() const { return {0}; }
  NodeId sink_node() const { return {node_count() - 1}; }
  bool is_stage(NodeId node) const { return node.value > 0 && node.value < node_count() - 1; }
  // REQUIRES is_stage(node).
  const StagePlan& stage(NodeId node) const { return stages.at(node.value - 1); }
  DeviceId device_of(NodeId node) const {
    return is_stage(node) ? stage(node).device : (node.value == 0 ? source : sink);
  }
  bool operator==(const Plan&) const = default;
};

// "source", "stage 2", "sink".
std::string node_name(const Plan& plan, NodeId node);

// Every sub-layer 1..sub_layers exactly once and in order, every device below `devices`, bits greater than 0
// and at most 32: a plan from elsewhere must pass this check before use.
Result<void> check_plan(const Plan& plan, int sub_layers, std::size_t devices);

}  // namespace millrace
