#include "sim/run/runner.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/base/version.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/model/device_profile.hpp"
#include "runtime/node/build_node.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "sim/bridge/agent_processes.hpp"
#include "sim/bridge/bridge.hpp"
#include "sim/coordinator/coordinator.hpp"
#include "sim/coordinator/local_attachment.hpp"
#include "sim/links/real_links.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/network_check.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "sim/run/expectations.hpp"
#include "sim/run/inputs.hpp"
#include "sim/run/json.hpp"
#include "sim/run/link_report.hpp"
#include "sim/run/progress.hpp"
#include "sim/run/scenario_plan.hpp"

namespace millrace {

namespace {

bool simulated(Mode mode) { return mode == Mode::simulate || mode == Mode::cosim; }

NetworkKind network_kind(const Scenario& scenario) {
  const auto usual = scenario.run.mode == Mode::simulate ? NetworkKind::fluid : NetworkKind::ns3;
  return scenario.network.kind.value_or(usual);
}

bool on_shaped_links(const Scenario& scenario) {
  return scenario.run.mode == Mode::deploy && scenario.run.links == LinksKind::netns;
}

std::string network_name(const Scenario& scenario) {
  if (on_shaped_links(scenario)) return "netns";
  if (!simulated(scenario.run.mode)) return "real";
  return network_kind(scenario) == NetworkKind::fluid ? "fluid" : "ns3";
}

// Everything that can be found wrong before anything is started is.
Result<NetworkSpec> checked_network(const Scenario& scenario, const Plan& plan) {
  auto spec = build_network_spec(scenario);
  if (!spec) return spec;
  const auto invalid = [](const Error& error) { return Error{error.message, ExitCode::invalid_input}; };
  if (auto sound = check_network(*spec); !sound) return invalid(sound.error());
  for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i) {
    const auto from = plan.device_of({i});
    const auto to = plan.device_of({i + 1});
    if (from == to) continue;
    for (const auto& [a, b] : {std::pair(from, to), std::pair(to, from)}) {
      if (auto route = check_route(*spec, a, b); !route) {
        return invalid(
            route.error().in(fmt::format("{} to {}", node_name(plan, {i}), node_name(plan, {i + 1}))));
      }
    }
  }
  return spec;
}

// Costs that are not the device's own figures are worth a word before anyone trusts them.
void warn_of_derived_costs(const Scenario& scenario, const Plan& plan) {
  if (scenario.run.compute != ComputeKind::profile) return;
  std::set<std::string> told;
  for (const auto& stage : plan.stages) {
    const auto& device = scenario.devices.at(stage.device.value);
    if (device.profile.empty() || !told.insert(device.profile).second) continue;
    const auto profile = read_profile(device.profile, scenario.model.config);
    if (!profile || profile->derived_from().empty()) continue;
    log_warning("{}: {} was not measured on this device; costs are derived from {} by operation count",
                device.profile, scenario.model.config.name, profile->derived_from());
  }
}

// What crosses each cut of the plan fits into a tensor's encoding and into a frame.
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
    const auto sent = (*executor)->run({.kind = kind,
                                        .microbatch = {},
                                        .first_image = 0,
                                        .images = static_cast<std::uint32_t>(images),
                                        .input = {},
                                        .budget = {scenario.policy.quantization.bits}});
    if (!sent) return sent.error();
    if (sent->output.size > Bytes(kMaxPayload))
      return too_large(fmt::format("{} B are beyond a frame's {}", sent->output.size.count(), kMaxPayload));
  }
  return {};
}

Result<void> warn_of_memory(const Scenario& scenario, const Plan& plan) {
  const auto warnings = check_memory(scenario, plan);
  if (!warnings) return warnings.error();
  for (const auto& warning : *warnings) log_warning("{}", warning);
  return {};
}

void warn_of_captures(const Scenario& scenario) {
  if (!scenario.run.pcap.empty() && network_name(scenario) != "ns3")
    log_warning(
        "run.pcap: a {} network has no packets to capture; set network.kind to ns3, in mode simulate, "
        "cosim or emulate",
        network_name(scenario));
}

class Run {
 public:
  Run(const RunRequest& request, Plan plan)
      : request_(request),
        scenario_(request.scenario),
        plan_(std::move(plan)),
        text_(resolved_yaml(request.scenario)),
        sha256_(scenario_hash(request.scenario)) {}

  Result<RunOutcome> execute() {
    std::optional<NetworkSpec> spec;
    if (simulated(scenario_.run.mode) || on_shaped_links(scenario_)) {
      auto checked = checked_network(scenario_, plan_);
      if (!checked) return checked.error();
      spec = std::move(*checked);
    }
    if (on_shaped_links(scenario_)) {
      if (auto possible = RealLinks::check(*spec); !possible) return possible.error();
    }
    if (auto opened = open_directory(); !opened) return opened.error();
    if (spec && simulated(scenario_.run.mode)) meter_.emplace(*spec, scenario_.run.link_interval);
    log_note("writing {}", directory_->path());
    auto end = [&]() -> Result<Time> {
      Progress progress(*directory_, scenario_.microbatches());
      switch (scenario_.run.mode) {
        case Mode::simulate:
          return simulate(*spec, progress);
        case Mode::cosim:
          return cosim(*spec, progress);
        case Mode::deploy:
          return on_shaped_links(scenario_) ? deploy_on(*spec, progress) : deploy(progress);
        case Mode::emulate:
          break;
      }
      return Error{"mode emulate cannot run here"};
    }();
    return finish(end, spec ? &*spec : nullptr);
  }

 private:
  Result<void> open_directory() {
    RunFacts facts{.release = kRelease,
                   .scenario_sha256 = sha256_,
                   .scenario_text = text_,
                   .scenario_path = request_.scenario_path,
                   .mode = scenario_.run.mode,
                   .network = network_name(scenario_),
                   .command = request_.command,
                   .inputs = {},
                   .binaries = {}};
    for (const auto& path : input_files(scenario_)) {
      auto hash = sha256_of_file(path);
      if (!hash) return hash.error();
      facts.inputs.emplace_back(path, *hash);
    }
    // A program that is not there is found out when it is started.
    if (auto binaries = binary_hashes(scenario_.run.mode, request_.agents.empty()))
      facts.binaries = std::move(*binaries);
    const auto path = request_.out.empty() ? default_run_directory(scenario_) : request_.out;
    auto directory = RunDirectory::create(path, scenario_, plan_, facts);
    if (!directory) return directory.error();
    directory_ = std::move(*directory);
    return {};
  }

  Result<std::unique_ptr<Network>> build_network(const NetworkSpec& spec) {
    NetworkTaps taps{.meter = &*meter_};
    if (network_kind(scenario_) == NetworkKind::fluid) return make_fluid_network(spec, taps);
    for (std::uint32_t i = 0; i < spec.links.size(); ++i) {
      const auto& from = spec.devices[spec.links[i].from.value];
      const auto& to = spec.devices[spec.links[i].to.value];
      const auto& wanted = scenario_.run.pcap;
      if (std::any_of(wanted.begin(), wanted.end(),
                      [&](const std::string& text) { return means_link(text, from, to); }))
        taps.captures.push_back({{i}, fmt::format("{}/{}+{}.pcap", directory_->path(), from, to)});
    }
    return make_ns3_network(spec, taps);
  }

  Result<Time> simulate(const NetworkSpec& spec, RunObserver& observer) {
    auto network = build_network(spec);
    if (!network) return network.error();
    std::vector<std::unique_ptr<Attachment>> nodes;
    for (std::uint32_t i = 0; i < plan_.node_count(); ++i) {
      auto node = build_node(scenario_, plan_, {i});
      if (!node) return node.error();
      auto executor = build_size_executor(scenario_, plan_, {i});
      if (!executor) return executor.error();
      auto cost = build_cost(scenario_, plan_, {i});
      if (!cost) return cost.error();
      nodes.push_back(std::make_unique<LocalAttachment>(
          VirtualNode::Parts{std::move(*node), std::move(*executor), std::move(*cost)},
          VirtualNode::Compute::inline_));
    }
    directory_->ready();
    return coordinate(**network, observer, std::move(nodes));
  }

  Result<Time> coordinate(Network& network, RunObserver& observer,
                          std::vector<std::unique_ptr<Attachment>> nodes) {
    Coordinator coordinator(
        {.plan = plan_, .network = network, .observer = observer, .nodes = std::move(nodes)});
    auto end = coordinator.run();
    reached_ = coordinator.now();
    return end;
  }

  Result<Time> cosim(const NetworkSpec& spec, RunObserver& observer) {
    auto network = build_network(spec);
    if (!network) return network.error();
    return with_agents([&](Bridge& bridge) { return coordinate(**network, observer, bridge.attachments()); });
  }

  Result<Time> deploy(RunObserver& observer) {
    return with_agents([&](Bridge& bridge) { return bridge.run(observer); });
  }

  // On real links of this machine, which are measured before anything runs over them.
  Result<Time> deploy_on(const NetworkSpec& spec, RunObserver& observer) {
    auto links = RealLinks::build(spec);
    if (!links) return links.error();
    links_ = std::move(*links);
    auto end = [&]() -> Result<Time> {
      if (auto entered = links_->enter_host(); !entered) return entered.error();
      const auto probed = probe_links(*links_, plan_, directory_->path());
      if (!probed) return probed.error();
      return deploy(observer);
    }();
    const auto stopped = links_->stop();
    links_.reset();
    return end && !stopped ? stopped.error() : end;
  }

  Result<Time> with_agents(const std::function<Result<Time>(Bridge&)>& run) {
    Endpoint where{"127.0.0.1", 0};
    if (!request_.agents.empty()) {
      const auto endpoint = parse_endpoint(request_.agents);
      if (!endpoint) return endpoint.error().in("--agents");
      where = *endpoint;
    }
    if (links_) where.address = links_->host_address();
    AgentProcesses processes;  // ends after the bridge has said that the run is over
    auto bridge = Bridge::listen({.scenario = scenario_,
                                  .plan = plan_,
                                  .scenario_text = text_,
                                  .scenario_sha256 = sha256_,
                                  .mode = scenario_.run.mode,
                                  .release = kRelease,
                                  .local = request_.agents.empty(),
                                  .at_start = [this] { return links_ ? links_->start() : Result<void>(); }},
                                 where);
    if (!bridge) return bridge.error();
    if (request_.agents.empty()) {
      if (auto started = start_agents(processes, (*bridge)->local()); !started) return started.error();
    } else {
      log_note("waiting for agents at {}:{}", (*bridge)->local().address, (*bridge)->local().port);
    }
    const auto watch = [&]() -> Result<void> {
      if (directory_->interrupted()) return Error{"interrupted while waiting for agents"};
      return processes.watch();
    };
    auto end = [&]() -> Result<Time> {
      if (auto gathered = (*bridge)->gather(watch); !gathered) return gathered.error();
      directory_->ready();
      return run(**bridge);
    }();
    if (!end) processes.end_now();  // nobody needs what they still compute
    (*bridge)->stop();
    return end;
  }

  Result<void> start_agents(AgentProcesses& processes, const Endpoint& host) const {
    std::vector<std::string> used;
    for (std::uint32_t i = 0; i < plan_.node_count(); ++i) {
      const auto& name = scenario_.devices[plan_.device_of({i}).value].name;
      if (std::find(used.begin(), used.end(), name) == used.end()) used.push_back(name);
    }
    if (!request_.isolate && !links_) return processes.start(agent_program(), used, host, sha256_);
    for (const auto& device : used) {
      const auto network =
          links_ ? std::optional(links_->device(device_id(scenario_, device)).handle()) : std::nullopt;
      if (auto started = processes.start(agent_program(), {device}, host, sha256_, network); !started)
        return started;
    }
    return {};
  }

  Result<RunOutcome> finish(const Result<Time>& end, const NetworkSpec* spec) {
    std::optional<Error> failure;
    if (!end) failure = end.error();
    if (auto closed = directory_->close(end ? *end : std::max(reached_, directory_->latest()), failure, spec,
                                        meter_ ? &*meter_ : nullptr);
        !closed)
      return closed.error();
    RunOutcome outcome{.directory = directory_->path(),
                       .summary_json = directory_->summary_json(),
                       .table = failure && directory_->summary().microbatches() == 0
                                    ? std::string()  // nothing ran: a table of zeros would say it did
                                    : summary_table(scenario_, plan_, directory_->summary()),
                       .exit = failure ? failure->code : ExitCode::ok};
    if (failure) {
      log_error("{}", failure->message);
      return outcome;
    }
    for (const auto& unmet : unmet_expectations(scenario_, directory_->summary())) {
      log_error("{}", unmet);
      outcome.exit = ExitCode::expectation;
    }
    return outcome;
  }

  const RunRequest& request_;
  const Scenario& scenario_;
  Plan plan_;
  std::string text_, sha256_;
  std::unique_ptr<RunDirectory> directory_;
  std::unique_ptr<RealLinks> links_;  // run.links: netns
  std::optional<LinkMeter> meter_;
  Time reached_;
};

}  // namespace

Result<void> check_runnable(const Scenario& scenario) {
  const auto plan = make_scenario_plan(scenario);
  if (!plan) return plan.error();
  if (auto fits = check_memory(scenario, *plan); !fits) return fits.error();
  for (std::uint32_t i = 0; i < plan->node_count(); ++i) {
    if (auto cost = build_cost(scenario, *plan, {i}); !cost) return cost.error();
  }
  if (auto fits = check_payloads(scenario, *plan); !fits) return fits;
  if (!simulated(scenario.run.mode) && !on_shaped_links(scenario)) return {};
  const auto spec = checked_network(scenario, *plan);
  if (!spec) return spec.error();
  return on_shaped_links(scenario) ? RealLinks::check(*spec) : Result<void>{};
}

Result<RunOutcome> run_scenario(const RunRequest& request) {
  if (request.scenario.run.mode == Mode::emulate) {
    return Error{"mode emulate is not in this release; use cosim (virtual time) or deploy (real links)",
                 ExitCode::usage};
  }
  if (!request.agents.empty()) {
    if (on_shaped_links(request.scenario))
      return Error{"--agents: with run.links: netns all agents are started here; remove one of the two",
                   ExitCode::usage};
    if (const auto where = parse_endpoint(request.agents); !where) return where.error().in("--agents");
  }
  auto plan = make_scenario_plan(request.scenario);
  if (!plan) return plan.error();
  if (auto fits = check_payloads(request.scenario, *plan); !fits) return fits.error();
  warn_of_derived_costs(request.scenario, *plan);
  if (auto fits = warn_of_memory(request.scenario, *plan); !fits) return fits.error();
  warn_of_captures(request.scenario);
  Run run(request, std::move(*plan));
  return run.execute();
}

}  // namespace millrace
