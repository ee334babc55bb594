#include "sim/run/runner.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/base/version.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/node/build_node.hpp"
#include "runtime/node/guard.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "sim/bridge/agent_processes.hpp"
#include "sim/bridge/bridge.hpp"
#include "sim/coordinator/coordinator.hpp"
#include "sim/coordinator/emulator.hpp"
#include "sim/links/real_links.hpp"
#include "sim/links/throw_away_keys.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/network_check.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "sim/run/agent_files.hpp"
#include "sim/run/caveats.hpp"
#include "sim/run/doubts.hpp"
#include "sim/run/dry_run.hpp"
#include "sim/run/emulation.hpp"
#include "sim/run/expectations.hpp"
#include "sim/run/inputs.hpp"
#include "sim/run/json.hpp"
#include "sim/run/link_report.hpp"
#include "sim/run/patience.hpp"
#include "sim/run/progress.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/run/scenario_plan.hpp"
#include "sim/run/stuck.hpp"

namespace millrace {

namespace {

// How agents and host meet: agents are started here, connect to this host, or listen for it.
enum class Agents : std::uint8_t { local, connect, listen };

Agents agents_of(const RunRequest& request) {
  if (!request.agents.empty()) return Agents::connect;
  return goes_to_agents(request.scenario) ? Agents::listen : Agents::local;
}

class Run {
 public:
  Run(const RunRequest& request, Runnable runnable)
      : request_(request),
        scenario_(request.scenario),
        plan_(std::move(runnable.plan)),
        spec_(std::move(runnable.network)),
        text_(resolved_yaml(request.scenario)),
        sha256_(scenario_hash(request.scenario)),
        agents_(agents_of(request)) {}

  Result<RunOutcome> execute() {
    if (auto opened = open_directory(); !opened) return opened.error();
    if (simulated(scenario_.run.mode)) meter_.emplace(*spec_, scenario_.run.link_interval);
    log_note("writing {}", directory_->path());
    auto end = guarded("the run", [&]() -> Result<Time> {
      Progress progress(*directory_, scenario_.microbatches());
      switch (scenario_.run.mode) {
        case Mode::simulate:
          return simulate(progress);
        case Mode::cosim:
          return cosim(progress);
        case Mode::deploy:
          return on_shaped_links(scenario_) ? deploy_on(progress) : deploy(progress);
        case Mode::emulate:
          return emulate(progress);
      }
      return Error{"an unknown mode"};
    });
    return finish(end);
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
                   .binaries = {},
                   .conditions = conditions_of(
                       scenario_, plan_, agents_ == Agents::local ? AgentsAre::local : AgentsAre::elsewhere,
                       spec_ ? &*spec_ : nullptr),
                   .overwrite = request_.overwrite};
    for (const auto& caveat : facts.conditions.caveats) log_warning("{}", caveat.text);
    for (const auto& path : input_files(scenario_)) {
      auto hash = sha256_of_file(path);
      if (!hash) return hash.error();
      facts.inputs.emplace_back(path, *hash);
      std::error_code ignored;
      files_.push_back({path, *hash, std::filesystem::file_size(path, ignored)});
    }
    // A missing program is noticed later, when it is started.
    if (auto binaries = binary_hashes(scenario_.run.mode, agents_ == Agents::local))
      facts.binaries = std::move(*binaries);
    const auto path = request_.out.empty() ? default_run_directory(scenario_) : request_.out;
    auto directory = RunDirectory::create(path, scenario_, plan_, facts);
    if (!directory && request_.out.empty())
      return Error{directory.error().message + "; --out DIR writes the run somewhere else",
                   directory.error().code};
    if (!directory) return directory.error();
    directory_ = std::move(*directory);
    return {};
  }

  Result<std::unique_ptr<Network>> build_network(std::function<bool()> stop = {}) {
    const NetworkSpec& spec = *spec_;
    NetworkTaps taps{.meter = &*meter_,
                     .captures = {},
                     .unwritten = &unwritten_,
                     .audit = audit_ ? &*audit_ : nullptr,
                     .stop = std::move(stop)};
    if (network_kind(scenario_) == NetworkKind::fluid) return make_fluid_network(spec, taps);
    taps.captures = captures();
    return make_ns3_network(spec, taps);
  }

  std::vector<NetworkTaps::Capture> captures() const {
    std::vector<NetworkTaps::Capture> all;
    for (std::uint32_t i = 0; i < spec_->links.size(); ++i) {
      const auto& from = spec_->devices[spec_->links[i].from.value];
      const auto& to = spec_->devices[spec_->links[i].to.value];
      const auto& wanted = scenario_.run.pcap;
      if (std::any_of(wanted.begin(), wanted.end(),
                      [&](const std::string& text) { return means_link(text, from, to); }))
        all.push_back({{i}, fmt::format("{}/{}+{}.pcap", directory_->path(), from, to)});
    }
    return all;
  }

  Result<Time> simulate(RunObserver& observer) {
    Patience patience(observer, scenario_.run.timeout);
    auto network = build_network([&] { return patience.lost_in_a_pull(); });
    if (!network) return network.error();
    auto nodes = nodes_without_tensors(scenario_, plan_);
    if (!nodes) return nodes.error();
    directory_->ready();
    return coordinate(**network, patience, std::move(*nodes));
  }

  // The explanation for a stuck run.
  auto why() const {
    return [this](DeviceId from, DeviceId to, Time at) {
      return why_nothing_arrives(scenario_, *spec_, from, to, at);
    };
  }

  Result<Time> coordinate(Network& network, Patience& patience,
                          std::vector<std::unique_ptr<Attachment>> nodes) {
    Coordinator coordinator(
        {.plan = plan_, .network = network, .observer = patience, .nodes = std::move(nodes), .why = why()});
    auto end = coordinator.run();
    reached_ = coordinator.now();
    if (end || !patience.lost()) return end;
    return Error{
        fmt::format("nothing arrived and no node had anything to do in {:g} s of the wall clock, in which "
                    "the network was simulated from {:.3f} s to {:.6g} s of scenario time; is a device "
                    "or a link very slow, or a message very large? a larger run.timeout waits longer",
                    scenario_.run.timeout.seconds(), reached_.seconds(), network.now().seconds()),
        ExitCode::timeout};
  }

  Result<Time> cosim(RunObserver& observer) {
    Patience patience(observer, scenario_.run.timeout);
    auto network = build_network([&] { return patience.lost_in_a_pull(); });
    if (!network) return network.error();
    return with_agents([&](Bridge& bridge) { return coordinate(**network, patience, bridge.attachments()); });
  }

  // Time 0 of the run is when all agents have been told to start.
  Result<Time> emulate(RunObserver& observer) {
    using Clock = std::chrono::steady_clock;
    auto zero = std::make_shared<Clock::time_point>(Clock::now());
    audit_.emplace(scenario_.run.lateness_limit,
                   [zero] { return Time::at_ns(std::chrono::nanoseconds(Clock::now() - *zero).count()); });
    auto network = build_network();
    if (!network) return network.error();
    std::vector<std::unique_ptr<CostModel>> costs;
    for (std::uint32_t i = 0; i < plan_.node_count(); ++i) {
      auto cost = build_cost(scenario_, plan_, {i});
      if (!cost) return cost.error();
      costs.push_back(std::move(*cost));
    }
    return with_agents([&](Bridge& bridge) {
      sleep_exactly();
      *zero = Clock::now();
      const auto nodes = bridge.wall_nodes();
      Emulator emulator({.plan = plan_,
                         .spec = *spec_,
                         .network = **network,
                         .audit = *audit_,
                         .meter = *meter_,
                         .observer = observer,
                         .nodes = *nodes,
                         .costs = std::move(costs),
                         .timeout = scenario_.run.timeout,
                         .why = why()});
      auto end = emulator.run();
      reached_ = emulator.now();
      directory_->emulated(emulation_figures(*audit_, emulator.busy()));
      return end;
    });
  }

  Result<Time> deploy(RunObserver& observer) {
    return with_agents([&](Bridge& bridge) { return bridge.run(observer); });
  }

  // Deploys on real links of this machine, which are measured before anything runs over them.
  Result<Time> deploy_on(RunObserver& observer) {
    auto links = RealLinks::build(*spec_, scenario_.run.lateness_limit, captures(), &unwritten_);
    if (!links) return links.error();
    links_ = std::move(*links);
    std::vector<std::string> names;
    for (const auto& device : scenario_.devices) names.push_back(device.name);
    auto keys = ThrowAwayKeys::make(names);
    if (!keys) return keys.error();
    keys_ = std::move(*keys);
    auto end = [&]() -> Result<Time> {
      if (auto entered = links_->enter_host(); !entered) return entered.error();
      const auto probed = probe_links(*links_, plan_, directory_->path());
      if (!probed) return probed.error();
      return deploy(observer);
    }();
    const auto stopped = links_->stop();
    directory_->carried(links_->lateness());
    links_.reset();
    keys_.reset();
    return end && !stopped ? stopped.error() : end;
  }

  Result<std::unique_ptr<Bridge>> open_bridge(AgentFiles& files) {
    const bool local = agents_ == Agents::local;
    Bridge::Setup setup{
        .scenario = scenario_,
        .plan = plan_,
        .scenario_text = text_,
        .scenario_sha256 = sha256_,
        .mode = scenario_.run.mode,
        .release = kRelease,
        .local = local,
        .files = local ? std::vector<InputFile>{} : files_,
        .keys = keys_   ? keys_->host()
                : local ? std::string()
                        : request_.keys,
        .on_log = [&files](const auto& devices, const LogLine& line) { files.on_log(devices, line); },
        .on_farewell = [&files](const auto& devices,
                                const Farewell& last) { files.on_farewell(devices, last); },
        .at_start = [this] { return links_ ? links_->start() : Result<void>(); }};
    if (agents_ == Agents::listen) return Bridge::connecting(std::move(setup));
    Endpoint where{"127.0.0.1", 0};
    if (!local) {
      const auto endpoint = parse_endpoint(request_.agents);
      if (!endpoint) return endpoint.error().in("--agents");
      where = *endpoint;
    }
    if (links_) where.address = links_->host_address();
    return Bridge::listen(std::move(setup), where);
  }

  Result<Time> with_agents(const std::function<Result<Time>(Bridge&)>& run) {
    AgentFiles files(directory_->path(), agents_ != Agents::local);
    AgentProcesses processes;  // destroyed after the bridge has told agents that the run is over
    auto bridge = open_bridge(files);
    if (!bridge) return bridge.error();
    if (agents_ == Agents::local) {
      if (auto started = start_agents(processes, (*bridge)->local()); !started) return started.error();
    } else if (agents_ == Agents::connect) {
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
    if (!end) processes.end_now();  // their remaining work is not needed
    (*bridge)->stop(end ? std::nullopt : std::optional(end.error()));
    if (auto written = files.check(); !written) unwritten_.push_back(written.error().message);
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
      std::optional<AgentProcesses::Confined> confined;
      if (links_)
        confined = {.network = links_->device(device_id(scenario_, device)).handle(),
                    .keys = keys_->device(device)};
      if (auto started = processes.start(agent_program(), {device}, host, sha256_, confined); !started)
        return started;
    }
    return {};
  }

  Result<RunOutcome> finish(const Result<Time>& end) {
    std::optional<Error> failure;
    if (!end) failure = end.error();
    if (auto closed = directory_->close(end ? *end : std::max(reached_, directory_->latest()), failure,
                                        spec_ ? &*spec_ : nullptr, meter_ ? &*meter_ : nullptr);
        !closed)
      return closed.error();
    RunOutcome outcome{.directory = directory_->path(),
                       .summary_json = directory_->summary_json(),
                       .table = directory_->summary_table(),
                       .exit = failure              ? failure->code
                               : unwritten_.empty() ? ExitCode::ok
                                                    : ExitCode::run_failed};
    for (const auto& sentence : unwritten_) log_error("{}", sentence);
    if (failure) {
      log_error("{}", failure->message);
      return outcome;
    }
    if (goes_over_links(scenario_)) {
      for (const auto& doubt : unseen_events(scenario_, *end)) log_warning("{}", doubt);
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
  std::optional<NetworkSpec> spec_;  // where the run goes over the scenario's links
  std::string text_, sha256_;
  Agents agents_;
  std::vector<InputFile> files_;
  std::vector<std::string> unwritten_;  // files beside the tables that have not become whole, as sentences
  std::unique_ptr<RunDirectory> directory_;
  std::unique_ptr<RealLinks> links_;     // run.links: netns
  std::unique_ptr<ThrowAwayKeys> keys_;  // for the agents on links_, which are not on loopback
  std::optional<LinkMeter> meter_;
  std::optional<LatenessAudit> audit_;  // emulate
  Time reached_;
};

}  // namespace

Result<RunOutcome> run_scenario(const RunRequest& request) {
  if (request.isolate && agents_of(request) == Agents::listen) {
    return Error{
        "--isolate has no effect where the scenario says at which addresses agents listen; remove it",
        ExitCode::usage};
  }
  if (!request.keys.empty() && agents_of(request) == Agents::local) {
    return Error{
        "--keys has no effect where this host starts the agents itself; remove it, or say where agents are "
        "(devices[].address in mode deploy, or --agents)",
        ExitCode::usage};
  }
  if (on_shaped_links(request.scenario) && goes_to_agents(request.scenario)) {
    return Error{
        "run.links: netns starts all agents on this machine, and devices[].address says that they are "
        "elsewhere; remove one of the two",
        ExitCode::usage};
  }
  if (auto sound = Bridge::check_keys(request.keys); !sound) return sound.error();
  if (!request.agents.empty()) {
    if (on_shaped_links(request.scenario))
      return Error{"--agents: with run.links: netns all agents are started here; remove one of the two",
                   ExitCode::usage};
    if (const auto where = parse_endpoint(request.agents); !where) return where.error().in("--agents");
  }
  auto runnable = check_runnable(request.scenario);
  if (!runnable) return runnable.error();
  Run run(request, std::move(*runnable));
  return run.execute();
}

}  // namespace millrace
