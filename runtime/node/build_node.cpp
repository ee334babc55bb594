#include "runtime/node/build_node.hpp"

#include "runtime/node/cost.hpp"
#include "runtime/node/sink_node.hpp"
#include "runtime/node/size_executor.hpp"
#include "runtime/node/source_node.hpp"
#include "runtime/node/stage_node.hpp"
#include "runtime/policy/registry.hpp"

namespace millrace {

namespace {

std::unique_ptr<Node> build_source(const Scenario& scenario, NodeId downstream) {
  SourceConfig config;
  config.downstream = downstream;
  config.window = scenario.run.window;
  config.images = scenario.workload.images;
  config.microbatch = static_cast<std::uint32_t>(scenario.model.microbatch);
  config.arrivals = scenario.workload.arrivals;
  config.images_per_s = scenario.workload.images_per_s;
  config.seed = scenario.run.seed;
  return std::make_unique<SourceNode>(config);
}

}  // namespace

Result<std::unique_ptr<Node>> build_node(const Scenario& scenario, const Plan& plan, NodeId node) {
  const NodeId upstream{node.value - 1};
  const NodeId downstream{node.value + 1};
  if (node == plan.source_node()) return build_source(scenario, downstream);
  if (node == plan.sink_node()) {
    SinkConfig config;
    config.upstream = upstream;
    config.window = scenario.run.window;
    config.microbatches = scenario.microbatches();
    return std::unique_ptr<Node>(std::make_unique<SinkNode>(config));
  }
  std::unique_ptr<QuantizationPolicy> policy;
  if (downstream != plan.sink_node()) {
    // Bits in a plan are for the fixed policy; checked scenarios do not combine them with another policy.
    auto section = scenario.policy.quantization;
    if (const auto bits = plan.stage(node).bits; bits && section.kind == "fixed") section.bits = *bits;
    auto made = make_quantization_policy(section);
    if (!made) return made.error();
    policy = std::move(*made);
  }
  StageConfig config;
  config.upstream = upstream;
  config.downstream = downstream;
  config.window = scenario.run.window;
  config.values_per_image =
      static_cast<std::uint64_t>(values_at_cut(scenario.model.config, plan.stage(node).layers.last));
  return std::unique_ptr<Node>(std::make_unique<StageNode>(config, std::move(policy)));
}

Result<DeviceCost> device_cost(const Scenario& scenario, const DeviceSection& device) {
  if (device.profile.empty()) {
    if (device.flop_per_s <= 0) {
      return Error{"device " + device.name + ": its cost needs `profile: FILE` or `speed: N GFLOP/s`",
                   ExitCode::invalid_input};
    }
    return DeviceCost::by_speed(scenario.model.config, device.flop_per_s);
  }
  auto profile = read_profile(device.profile, scenario.model.config, scenario.policy.quantization.codec);
  if (!profile) return profile.error().in("device " + device.name);
  return profile;
}

Result<std::unique_ptr<CostModel>> build_cost(const Scenario& scenario, const Plan& plan, NodeId node) {
  if (!plan.is_stage(node)) return std::unique_ptr<CostModel>(std::make_unique<FreeCost>());
  const auto& device = scenario.devices.at(plan.device_of(node).value);
  if (scenario.run.compute == ComputeKind::measured) {
    return std::unique_ptr<CostModel>(std::make_unique<MeasuredCost>(device.slowdown));
  }
  auto cost = device_cost(scenario, device);
  if (!cost) return cost.error();
  return std::unique_ptr<CostModel>(
      std::make_unique<ProfileCost>(std::move(*cost), scenario.model.config, plan.stage(node).layers));
}

Result<std::unique_ptr<Executor>> build_size_executor(const Scenario& scenario, const Plan& plan,
                                                      NodeId node) {
  const bool source = node == plan.source_node();
  const auto& quantization = scenario.policy.quantization;
  const auto scope = scale_scope_by_name(quantization.scope);
  if (!scope) return scope.error().in("policy.quantization.scope");
  auto codec = make_codec({.name = quantization.codec, .scope = *scope});
  if (!codec) return codec.error();
  const int cut =
      source ? 0 : (plan.is_stage(node) ? plan.stage(node).layers.last : scenario.model.config.sub_layers());
  return std::unique_ptr<Executor>(
      std::make_unique<SizeExecutor>(scenario.model.config, cut, std::move(*codec)));
}

}  // namespace millrace
