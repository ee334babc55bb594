#include <memory>
#include <string>
#include <vector>

#include "runtime/base/log.hpp"
#include "runtime/base/version.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/net/agent.hpp"
#include "runtime/node/build_node.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/tensor_executor.hpp"

namespace millrace {
namespace {

Result<std::unique_ptr<Executor>> build_tensor_executor(const Scenario& scenario, const Plan& plan,
                                                        NodeId node) {
  const auto& model = scenario.model;
  DatasetChoice data{.model = model.config,
                     .dataset = scenario.workload.dataset,
                     .seed = scenario.run.seed,
                     .images = scenario.workload.images};
  if (node == plan.source_node()) return make_source_executor(data);
  if (node == plan.sink_node()) return make_sink_executor(data);
  const auto scope = scale_scope_by_name(scenario.policy.quantization.scope);
  if (!scope) return scope.error().in("policy.quantization.scope");
  return make_stage_executor({.model = model.config,
                              .layers = plan.stage(node).layers,
                              .weights = model.weights,
                              .seed = scenario.run.seed,
                              .codec = {.name = scenario.policy.quantization.codec, .scope = *scope},
                              .calibrations = scenario.policy.quantization.calibration,
                              .threads = scenario.devices.at(plan.device_of(node).value).threads});
}

Result<VirtualNode::Parts> build_parts(const Scenario& scenario, const Plan& plan, NodeId node) {
  auto executor = build_tensor_executor(scenario, plan, node);
  if (!executor) return executor.error();
  auto machine = build_node(scenario, plan, node);
  if (!machine) return machine.error();
  auto cost = build_cost(scenario, plan, node);
  if (!cost) return cost.error();
  return VirtualNode::Parts{std::move(*machine), std::move(*executor), std::move(*cost)};
}

struct AgentArguments {
  std::string host, scenario_sha256;
  std::vector<std::string> devices;
  double timeout_s = 60;
  bool local = false;
};

int serve(const AgentArguments& arguments) {
  const auto host = parse_endpoint(arguments.host);
  if (!host) {
    log_error("--connect: {}", host.error().message);
    return static_cast<int>(host.error().code);
  }
  if (const auto warning = blas_warning(prepare_blas()); !warning.empty()) log_warning("{}", warning);
  const auto served = run_agent({.host = *host,
                                 .devices = arguments.devices,
                                 .scenario_sha256 = arguments.scenario_sha256,
                                 .release = kRelease,
                                 .timeout = Duration::from_seconds(arguments.timeout_s)},
                                build_parts);
  if (served) return 0;
  if (!arguments.local) log_error("{}", served.error().message);  // else the host has heard it and says so
  return static_cast<int>(served.error().code);
}

}  // namespace

Verb add_agent_verb(CLI::App& program) {
  auto arguments = std::make_shared<AgentArguments>();
  auto& command = *program.add_subcommand("agent", "be one or more devices of a scenario, for one run");
  command.add_option("--connect", arguments->host, "HOST:PORT where millrace waits for agents")->required();
  command.add_option("--device", arguments->devices, "name of a device in the scenario; repeat for several")
      ->required();
  command.add_option("--scenario-sha256", arguments->scenario_sha256,
                     "serve only the scenario with this hash (manifest.json names it)");
  command.add_flag("--local", arguments->local, "started by the host itself: leave reporting errors to it")
      ->group("");
  command
      .add_option("--timeout", arguments->timeout_s, "seconds of silence after which the host is given up")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  return {&command, [arguments] { return serve(*arguments); }};
}

}  // namespace millrace
