#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/version.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/net/agent.hpp"
#include "runtime/net/agent_server.hpp"
#include "runtime/net/file_cache.hpp"
#include "runtime/net/metrics_server.hpp"
#include "runtime/node/build_node.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "runtime/yaml/quantity.hpp"

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
                              .threads = scenario.devices.at(plan.device_of(node).value).threads,
                              .device = scenario.devices.at(plan.device_of(node).value).torch_device});
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
  std::string connect, listen, scenario_sha256, keys, metrics;
  std::string cache = default_cache_folder(), log_format = "text";
  std::vector<std::string> devices;
  double timeout_s = 60, cache_limit_gib = 8;
  std::size_t peer_memory_mib = kPeerMemory >> 20;
  std::string memory;
  int threads = 0;
  bool local = false;
};

// Prints the error and returns the exit code of the process.
int failed(const std::string& where, const Error& error) {
  log_error("{}{}", where, error.message);
  return static_cast<int>(error.code);
}

int connect(const AgentConfig& config, bool local) {
  const auto served = run_agent(config, build_parts);
  if (served) return 0;
  if (!local) log_error("{}", served.error().message);  // a local agent's host reports the error
  return static_cast<int>(served.error().code);
}

// Ctrl-C and SIGTERM stop the server, even during a run.
class InterruptWatch {
 public:
  explicit InterruptWatch(AgentServer& server)
      : thread_([this, &server] {
          std::unique_lock lock(mutex_);
          while (!over_ && !interrupt_requested()) changed_.wait_for(lock, std::chrono::milliseconds(100));
          server.stop();
        }) {}
  ~InterruptWatch() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

int listen(AgentConfig config, const AgentArguments& arguments) {
  const auto where = parse_endpoint(arguments.listen);
  if (!where) return failed("--listen: ", where.error());
  const PartsFactory factory = build_parts;
  const auto metrics = config.metrics;
  const auto keys = config.keys;
  auto server = AgentServer::listen(std::move(config), *where, factory);
  if (!server) return failed("", server.error());
  std::unique_ptr<MetricsServer> figures;
  if (!arguments.metrics.empty()) {
    const auto page = parse_endpoint(arguments.metrics);
    if (!page) return failed("--metrics: ", page.error());
    auto opened = MetricsServer::open((*server)->loop(), *page, keys,
                                      [metrics] { return metrics->text(AgentMetrics::Clock::now()); });
    if (!opened) return failed("--metrics: ", opened.error());
    figures = std::move(*opened);
    log_note("figures at http{}://{}/metrics", keys ? "s" : "", to_string(figures->local()));
  }
  catch_interrupts();
  log_note("listening at {}{}", to_string((*server)->local()), keys ? " (TLS)" : "");
  const InterruptWatch watch(**server);
  (*server)->run();
  return 0;
}

// An agent that the host started itself belongs to the host's user, so by default it has no limits.
Result<AgentLimits> limits_of(const AgentArguments& arguments) {
  AgentLimits limits = arguments.local ? AgentLimits{} : limits_of_this_machine();
  if (arguments.threads > 0) limits.threads = arguments.threads;
  if (arguments.memory.empty()) return limits;
  const auto bytes = parse_exact(Unit::size, arguments.memory);
  if (!bytes) return Error{bytes.error().message, ExitCode::usage};
  if (*bytes <= 0) return Error{"must be more than 0", ExitCode::usage};
  limits.memory = Bytes(*bytes);
  return limits;
}

int serve(const AgentArguments& arguments) {
  log_format(arguments.log_format == "json" ? LogFormat::json : LogFormat::text);
  if (const auto warning = blas_warning(prepare_blas()); !warning.empty()) log_warning("{}", warning);
  AgentConfig config;
  config.devices = arguments.devices;
  config.scenario_sha256 = arguments.scenario_sha256;
  config.release = kRelease;
  config.timeout = Duration::from_seconds(arguments.timeout_s);
  config.cache = arguments.cache;
  config.cache_limit = static_cast<std::uint64_t>(arguments.cache_limit_gib * (1 << 30));
  config.peer_memory = arguments.peer_memory_mib << 20;
  auto limits = limits_of(arguments);
  if (!limits) return failed("--memory ", limits.error());
  config.limits = *limits;
  config.local = arguments.local;
  config.forward_log = true;
  if (!arguments.keys.empty()) {
    auto keys = Security::load_for_agent(arguments.keys, arguments.devices);
    if (!keys) return failed("", keys.error());
    config.keys = *keys;
  }
  if (!arguments.listen.empty()) return listen(std::move(config), arguments);
  const auto host = parse_endpoint(arguments.connect);
  if (!host) return failed("--connect: ", host.error());
  config.host = *host;
  return connect(config, arguments.local);
}

void add_options(CLI::App& command, AgentArguments& arguments) {
  auto& ways = *command.add_option_group("way", "which side connects");
  auto& listen = *ways.add_option("--listen", arguments.listen,
                                  "serve run after run: wait at ADDR:PORT for hosts, and for neighbours "
                                  "during a run")
                      ->type_name("ADDR:PORT");
  auto& connect = *ways.add_option("--connect", arguments.connect,
                                   "serve one run: HOST:PORT where millrace waits for agents");
  ways.require_option(1);
  auto& device = *command.add_option("--device", arguments.devices,
                                     "name of a device in the scenario; repeat for several. With --listen: "
                                     "the only ones to serve (default: whichever the host asks for)");
  connect.needs(&device);
  command
      .add_option("--keys", arguments.keys,
                  "folder with this device's keys (ca.crt, node.crt, node.key; `millrace keys` makes them); "
                  "without them, connections stay on this machine")
      ->type_name("DIR");
  command.add_option("--cache", arguments.cache, "folder for weights and other files that come from hosts")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_option("--cache-limit", arguments.cache_limit_gib, "GiB of these files to keep")
      ->capture_default_str()
      ->check(CLI::Range(0.0, double{1 << 20}));
  command
      .add_option("--peer-memory", arguments.peer_memory_mib,
                  "MiB of payloads that the host or a neighbour may have waiting here")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20));
  command
      .add_option(
          "--memory", arguments.memory,
          "memory for the stages of a run here, such as \"2 GiB\": a run that needs more for weights and a "
          "microbatch is refused before anything is loaded (default: as much as this process may have)")
      ->type_name("SIZE");
  command
      .add_option("--threads", arguments.threads,
                  "threads for all stages of a run together (default: 16 per processor, at least 64)")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--metrics", arguments.metrics,
                  "with --listen: ADDR:PORT for Prometheus (/metrics); off by default")
      ->type_name("ADDR:PORT")
      ->needs(&listen);
  command.add_option("--log-format", arguments.log_format, "text, or json: an object per line")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command.add_option("--scenario-sha256", arguments.scenario_sha256,
                     "serve only the scenario with this hash (manifest.json names it)");
  command.add_flag("--local", arguments.local, "started by the host itself: leave reporting errors to it")
      ->group("");
  command.add_option("--timeout", arguments.timeout_s, "seconds of silence after which the host is given up")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1e6));
}

}  // namespace

Verb add_agent_verb(CLI::App& program) {
  auto arguments = std::make_shared<AgentArguments>();
  auto& command =
      *program.add_subcommand("agent", "be one or more devices of a scenario, for one run or run after run");
  add_options(command, *arguments);
  return {&command, [arguments] { return serve(*arguments); }};
}

}  // namespace millrace
