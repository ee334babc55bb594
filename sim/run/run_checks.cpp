#include "sim/run/run_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/log.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/node/build_node.hpp"
#include "runtime/scenario/choices.hpp"
#include "runtime/weights/weight_file.hpp"
#include "runtime/wire/frame.hpp"
#include "sim/links/real_links.hpp"
#include "sim/net/network_check.hpp"
#include "sim/run/doubts.hpp"
#include "sim/run/scenario_plan.hpp"
#include "sim/run/scenario_problem.hpp"

namespace millrace {

namespace {

// Checked even where no tensors are computed: the figures claim to be of this model.
Result<void> check_weights(const Scenario& scenario) {
  if (scenario.model.weights == "random") return {};
  auto sound = check_weight_file(scenario.model.weights, scenario.model.config);
  return sound ? sound : Result<void>(sound.error().in("model.weights"));
}

// There is a way both ways between all neighbours of the plan, which the runtime connects before it starts.
Result<void> connect_neighbours(NetworkSpec& spec, const Plan& plan) {
  for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i) {
    const auto from = plan.device_of({i});
    const auto to = plan.device_of({i + 1});
    if (from == to) continue;
    for (const auto& [a, b] : {std::pair(from, to), std::pair(to, from)}) {
      spec.connections.emplace_back(a, b);
      auto route = check_route(spec, a, b);
      if (route) continue;
      const auto neighbours = fmt::format("{} to {}", node_name(plan, {i}), node_name(plan, {i + 1}));
      return Error{route.error().in(neighbours).message, ExitCode::invalid_input};
    }
  }
  return {};
}

Result<void> check_costs(const Scenario& scenario, const Plan& plan) {
  for (std::uint32_t i = 0; i < plan.node_count(); ++i) {
    if (auto cost = build_cost(scenario, plan, {i}); !cost) return cost.error();
  }
  return {};
}

void warn_of_captures(const Scenario& scenario) {
  const auto network = network_name(scenario);
  if (!scenario.run.pcap.empty() && network != "ns3" && network != "netns")
    log_warning(
        "run.pcap: a {} network has no packets to capture; set network.kind to ns3, in mode simulate, "
        "cosim or emulate, or run.links to netns in mode deploy",
        network);
}

}  // namespace

NetworkKind network_kind(const Scenario& scenario) {
  const auto usual = scenario.run.mode == Mode::simulate ? NetworkKind::fluid : NetworkKind::ns3;
  return scenario.network.kind.value_or(usual);
}

std::string network_name(const Scenario& scenario) {
  if (on_shaped_links(scenario)) return "netns";
  if (!simulated(scenario.run.mode)) return "real";
  return network_kind(scenario) == NetworkKind::fluid ? "fluid" : "ns3";
}

Result<NetworkSpec> checked_network(const Scenario& scenario, const Plan& plan) {
  auto spec = planning_network_of(scenario);
  if (!spec) return spec;
  if (auto sound = connect_neighbours(*spec, plan); !sound) return sound.error();
  return spec;
}

Result<void> check_payloads(const Scenario& scenario, const Plan& plan) {
  const auto images = std::min<std::uint64_t>(static_cast<std::uint64_t>(scenario.model.microbatch),
                                              scenario.workload.images);
  for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i) {
    const auto too_large = [&](const std::string& finding) {
      return Error{
          fmt::format("model.microbatch: {} images are too many for what {} sends: {}; make it smaller",
                      images, node_name(plan, {i}), finding),
          ExitCode::invalid_input};
    };
    const int cut = plan.is_stage({i}) ? plan.stage({i}).layers.last : 0;
    for (const auto& tensor : tensors_at_cut(scenario.model.config, cut)) {
      const TensorShape shape{static_cast<std::int64_t>(images), tensor.rows, tensor.width};
      if (!within_limits(shape))
        return too_large(
            fmt::format("a tensor of {} is beyond {} values", to_string(shape), kMaxTensorValues));
    }
    auto executor = build_size_executor(scenario, plan, {i});
    if (!executor) return executor.error();
    const WorkKind kind = plan.is_stage({i}) ? WorkKind::encode : WorkKind::load;
    const auto planned = plan.is_stage({i}) ? plan.stage({i}).bits : std::nullopt;
    const auto sent = (*executor)->run({.kind = kind,
                                        .microbatch = {},
                                        .first_image = 0,
                                        .images = static_cast<std::uint32_t>(images),
                                        .input = {},
                                        .budget = {planned.value_or(scenario.policy.quantization.bits)}});
    if (!sent) return sent.error();
    if (sent->output.size > Bytes(kMaxPayload))
      return too_large(fmt::format("{} B are beyond a frame's {}", sent->output.size.count(), kMaxPayload));
  }
  return {};
}

Result<Runnable> check_runnable(const Scenario& scenario) {
  if (auto sound = check_weights(scenario); !sound) return sound.error();
  std::optional<NetworkSpec> network;
  if (goes_over_links(scenario) || plans_by_cost(scenario.policy.partition.kind)) {
    auto built = planning_network_of(scenario);
    if (!built) return built.error();
    network = std::move(*built);
  }
  auto plan = make_scenario_plan(scenario, network ? &*network : nullptr);
  if (!plan) return plan.error();
  if (auto fits = check_payloads(scenario, *plan); !fits) return fits.error();
  const auto warnings = check_memory(scenario, *plan);
  if (!warnings) return warnings.error();
  for (const auto& warning : *warnings) log_warning("{}", warning);
  warn_of_captures(scenario);
  for (const auto& doubt : doubts_of(scenario, *plan)) log_warning("{}", doubt);
  if (auto known = check_costs(scenario, *plan); !known) return known.error();
  if (!goes_over_links(scenario)) return Runnable{std::move(*plan)};
  if (auto joined = connect_neighbours(*network, *plan); !joined) return joined.error();
  if (on_shaped_links(scenario)) {
    if (auto possible = RealLinks::check(*network); !possible) return possible.error();
  }
  return Runnable{std::move(*plan), std::move(network)};
}

}  // namespace millrace
