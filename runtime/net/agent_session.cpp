#include "runtime/net/agent_session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <set>

#include "runtime/base/figure_text.hpp"
#include "runtime/base/log.hpp"
#include "runtime/net/greeting.hpp"
#include "runtime/net/lockstep_driver.hpp"
#include "runtime/net/paced_driver.hpp"
#include "runtime/net/tcp_driver.hpp"
#include "runtime/node/checked_node.hpp"
#include "runtime/node/guard.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"

namespace millrace {

namespace {

// Pieces requested ahead: enough to fill a link, but little memory.
constexpr std::uint64_t kPiecesAhead = 4;
// The heartbeats that a host may ask for: shorter ones would keep an agent busy with nothing else.
constexpr Duration kShortestBeat = Duration::ms(1), kLongestBeat = Duration::s(86'400);
// The time that the host may take to close when the run is over.
constexpr Duration kFarewell = Duration::s(2);

// While this object lives, the log goes to the host too.
class LogForwarding {
 public:
  LogForwarding(bool wanted, const ChannelPointer& host) : wanted_(wanted) {
    if (!wanted_) return;
    log_listener([host](LogLevel level, std::string_view text) {
      host->send(to_frame(LogLine{level, std::string(text)}));
    });
  }
  ~LogForwarding() {
    if (wanted_) log_listener({});
  }
  LogForwarding(const LogForwarding&) = delete;
  LogForwarding& operator=(const LogForwarding&) = delete;

 private:
  bool wanted_;
};

}  // namespace

AgentSession::AgentSession(const AgentConfig& config, const PartsFactory& factory, IoLoop& loop,
                           ChannelPointer host, std::shared_ptr<Inbox> inbox, PeerDoor& door)
    : config_(config),
      factory_(factory),
      loop_(loop),
      host_(std::move(host)),
      inbox_(std::move(inbox)),
      door_(door),
      cache_(config.cache, config.cache_limit) {}

Result<void> AgentSession::greet_and_serve() {
  host_->send(to_frame(Hello{"agent", config_.release, config_.scenario_sha256, config_.devices, {}, {}}));
  auto frame = inbox_->expect(FrameType::hello, config_.timeout, "host");
  auto served = [&]() -> Result<void> {
    if (!frame) return frame.error();
    const auto hello = parse_hello(*frame);
    if (!hello) return hello.error();
    if (auto accepted = accept_host(*hello); !accepted) return accepted;
    return work();
  }();
  return leave(std::move(served));
}

Result<void> AgentSession::answer_and_serve(const Hello& hello) {
  auto served = [&]() -> Result<void> {
    if (auto accepted = accept_host(hello); !accepted) return accepted;
    host_->send(
        to_frame(Hello{"agent", config_.release, hello.scenario_sha256, hello.devices, {}, {}, hello.run}));
    return work();
  }();
  return leave(std::move(served));
}

// The last message must be sent before the process ends; the host closes when it has received it.
Result<void> AgentSession::leave(Result<void> served) {
  if (!served && !told_of_failure_) {
    host_->send(to_frame(served.error()));
    (void)inbox_->next(Duration::s(1), "host");
  }
  host_->close();
  return served;
}

// Another agent failed, or the host was interrupted: the run is incomplete, so this agent fails too.
Error AgentSession::told_of_failure(const Frame& refusal) {
  told_of_failure_ = true;
  return parse_refusal(refusal).in("the run failed");
}

Result<void> AgentSession::accept_host(const Hello& hello) {
  if (auto fits = check_hello(hello, config_.release, config_.scenario_sha256); !fits) return fits;
  if (auto sound = may_be_host(host_->names()); !sound) return sound;
  for (const auto& device : hello.devices) {
    const auto& own = config_.devices;
    if (!own.empty() && std::find(own.begin(), own.end(), device) == own.end()) {
      return Error{fmt::format("this agent is {}, not {}; look at the addresses in the scenario",
                               fmt::join(own, ", "), device),
                   ExitCode::invalid_input};
    }
  }
  if (config_.keys) {
    if (auto sound = may_be_devices(config_.keys->own(), hello.devices); !sound)
      return sound.error().in("this agent cannot be who the scenario says");
  }
  if (hello.heartbeat > Duration{} && (hello.heartbeat < kShortestBeat || hello.heartbeat > kLongestBeat))
    return Error{"the host greets with a heartbeat that is not between 1 ms and a day"};
  hello_ = hello;
  host_->open_up(config_.peer_memory);
  const auto beat = hello.heartbeat > Duration{} ? hello.heartbeat : heartbeat_within(config_.timeout);
  host_->keep_alive(beat / 2);
  if (hello.heartbeat > Duration{}) host_->expect_life(hello.heartbeat * 2);
  return {};
}

Result<void> AgentSession::work() {
  const LogForwarding forwarding(config_.forward_log, host_);
  config_.metrics->run_begins();
  auto served = guarded("serving the run", [this] { return serve(); });
  config_.metrics->run_ends(served.ok());
  return served;
}

Result<void> AgentSession::serve() {
  auto assigned = take_assignment();
  if (!assigned) return assigned.error();
  const auto& assign = assigned->assign;
  if (auto fits = check_limits(config_.limits, assigned->scenario, assign.plan, assign.nodes); !fits)
    return fits;
  if (auto done = localize(*assigned); !done) return done;
  auto parts = build(*assigned);
  if (!parts) return parts.error();
  const Mode mode = assigned->assign.mode;
  if (mode == Mode::deploy) return deploy(*assigned, std::move(*parts));
  return mode == Mode::emulate ? paced(std::move(*parts)) : lockstep(std::move(*parts));
}

Result<AgentSession::Assigned> AgentSession::take_assignment() {
  auto frame = inbox_->expect(FrameType::assign, config_.timeout, "host");
  if (!frame) return frame.error();
  auto assign = parse_assign(*frame);
  if (!assign) return assign.error();
  auto read = read_scenario_text(assign->scenario, "scenario from the host", ".",
                                 {.overrides = {}, .files = FileCheck::leave_as_written});
  if (!read.scenario) {
    return Error{
        "the host's scenario cannot be read here: " +
            (read.problems.empty() ? std::string("no reason given") : to_string(read.problems.front())),
        ExitCode::invalid_input};
  }
  if (scenario_hash(*read.scenario) != hello_.scenario_sha256) {
    return Error{"the scenario handed out is not the one greeted with", ExitCode::invalid_input};
  }
  const auto& plan = assign->plan;
  if (auto sound = check_plan(plan, read.scenario->model.config.sub_layers(), read.scenario->devices.size());
      !sound) {
    return sound.error();
  }
  return Assigned{std::move(*read.scenario), std::move(*assign)};
}

// Replaces every path of the scenario that this device's nodes read by the path of the same content here. A
// path that the host does not announce with a hash is not opened: it would be a file of this device, and
// errors about its content would go to the host.
Result<void> AgentSession::localize(Assigned& assigned) {
  const auto& assign = assigned.assign;
  Scenario& scenario = assigned.scenario;
  std::map<std::string, std::string> here;
  const auto take = [&](std::string& path) -> Result<void> {
    for (const auto& file : assign.files) {
      if (file.path != path) continue;
      auto local = fetch(file);
      if (!local) return local.error();
      path = *local;
      return {};
    }
    if (config_.local || path.empty()) return {};
    return Error{
        fmt::format("{}: the host wants it read here and has not announced its hash; it is not opened", path),
        ExitCode::invalid_input};
  };
  bool stage = false, ends = false;
  std::set<std::uint32_t> devices;
  for (const auto node : assign.nodes) {
    (assign.plan.is_stage(node) ? stage : ends) = true;
    devices.insert(assign.plan.device_of(node).value);
  }
  for (const auto device : devices) {
    if (auto done = take(scenario.devices.at(device).profile); !done) return done;
  }
  // A folder of images is not a single file, so it has to be on the device.
  std::string& dataset = scenario.workload.dataset;
  const auto colon = dataset.find(':');
  if (ends && colon != std::string::npos && !dataset.starts_with("image-folder:")) {
    std::string path = dataset.substr(colon + 1);
    if (auto done = take(path); !done) return done;
    dataset = dataset.substr(0, colon + 1) + path;
  }
  if (!stage) return {};
  if (scenario.model.weights != "random") {
    if (auto done = take(scenario.model.weights); !done) return done;
  }
  std::string& calibration = scenario.policy.quantization.calibration;
  if (calibration.empty()) return {};
  std::vector<std::pair<std::string, InputFile>> side_files;
  bool all_there = true;
  for (const auto& file : assign.files) {
    const std::filesystem::path path = file.path;
    if (path.parent_path() != std::filesystem::path(calibration)) continue;
    auto local = fetch(file);
    if (!local) return local.error();
    all_there = all_there && *local == file.path;
    side_files.emplace_back(path.filename().string(), file);
  }
  if (all_there && (config_.local || !side_files.empty())) return {};
  if (side_files.empty()) return take(calibration);
  auto folder = cache_.folder_of(side_files);
  if (!folder) return folder.error();
  calibration = *folder;
  return {};
}

Result<std::string> AgentSession::fetch(const InputFile& file) {
  if (auto here = cache_.find(file); !here.empty()) return here;
  log_note("{} ({}) comes from the host", file.path, memory_text(static_cast<double>(file.size)));
  auto incoming = cache_.receive(file);
  if (!incoming) return incoming.error();
  std::uint64_t asked = 0;
  while ((*incoming)->size() < file.size) {
    const auto ahead = (*incoming)->size() + kPiecesAhead * kMaxPiece;
    for (; asked < file.size && asked < ahead; asked += kMaxPiece)
      host_->send(to_frame(Want{file.sha256, asked}));
    auto frame = inbox_->expect(FrameType::piece, config_.timeout, "host");
    if (!frame) return frame.error();
    const auto piece = parse_piece(*frame);
    if (!piece) return piece.error();
    const auto left = file.size - (*incoming)->size();
    const bool fits =
        piece->sha256 == file.sha256 && piece->offset == (*incoming)->size() &&
        piece->bytes.size == Bytes(static_cast<std::int64_t>(std::min<std::uint64_t>(left, kMaxPiece)));
    if (!fits) return Error{file.path + ": the host sent another piece than it was asked for"};
    if (auto done = (*incoming)->append(*piece->bytes.bytes); !done) return done.error();
  }
  return (*incoming)->finish();
}

Result<std::map<NodeId, VirtualNode::Parts>> AgentSession::build(const Assigned& assigned) {
  std::map<NodeId, VirtualNode::Parts> parts;
  for (const auto node : assigned.assign.nodes) {
    if (inbox_->disturbed()) return Error{"the run ended while nodes were built", ExitCode::peer_lost};
    const auto name = node_name(assigned.assign.plan, node);
    auto made =
        guarded("building it", [&] { return factory_(assigned.scenario, assigned.assign.plan, node); });
    if (!made) return made.error().in(name);
    made->node = std::make_unique<CheckedNode>(
        std::move(made->node),
        CheckedNode::Run{.images = assigned.scenario.workload.images,
                         .microbatch = static_cast<std::uint64_t>(assigned.scenario.model.microbatch)});
    parts.emplace(node, std::move(*made));
  }
  return parts;
}

// What the host says, until it says that the run is over.
template <class Driver>
Result<void> AgentSession::hear_out(Driver& driver) {
  for (;;) {
    auto frame = inbox_->next(config_.timeout, "host");
    if (!frame) return frame.error();
    if (frame->type == FrameType::stop) return {};
    if (frame->type == FrameType::refusal) return told_of_failure(*frame);
    if (auto taken = driver.on_frame(*frame); !taken) return taken;
  }
}

Result<void> AgentSession::lockstep(std::map<NodeId, VirtualNode::Parts> parts) {
  LockstepDriver driver(*host_, std::move(parts));
  host_->send(to_frame(Ready{}));
  return hear_out(driver);
}

Result<void> AgentSession::paced(std::map<NodeId, VirtualNode::Parts> parts) {
  PacedDriver driver(*host_, std::move(parts));
  host_->send(to_frame(Ready{}));
  if (auto frame = inbox_->expect(FrameType::start, config_.timeout, "host"); !frame) return frame.error();
  driver.start();
  return hear_out(driver);
}

Result<void> AgentSession::deploy(const Assigned& assigned, std::map<NodeId, VirtualNode::Parts> parts) {
  TcpDriver::Run run{.release = config_.release,
                     .scenario_sha256 = hello_.scenario_sha256,
                     .id = hello_.run,
                     .devices = {},
                     .keys = config_.keys,
                     .peer_memory = config_.peer_memory,
                     .metrics = config_.metrics};
  const auto& plan = assigned.assign.plan;
  for (std::uint32_t i = 0; i < plan.node_count(); ++i)
    run.devices.push_back(assigned.scenario.devices.at(plan.device_of({i}).value).name);
  TcpDriver driver(loop_, *host_, std::move(run), std::move(parts));
  const auto port = door_.open(
      [&driver](const ChannelPointer& channel, const Frame& first) { driver.greet(channel, first); });
  auto ended =
      port ? guarded("driving its nodes", [&] { return drive(driver, *port); }) : Result<void>(port.error());
  driver.stop();
  door_.close();
  if (!ended && !told_of_failure_) return ended;
  // All reports of the nodes have been queued before this.
  host_->send(to_frame(Farewell{config_.metrics->text(AgentMetrics::Clock::now())}));
  // The host closes the connection when all agents have said farewell. Closing here could overtake the
  // farewell, and neighbours that have not been stopped yet would see this agent as lost. If another agent
  // is lost before its farewell, the host sends a refusal.
  const auto last = inbox_->next(kFarewell, "host");
  if (ended.ok() && last && last->type == FrameType::refusal) return told_of_failure(*last);
  return ended;
}

Result<void> AgentSession::drive(TcpDriver& driver, std::uint16_t port) {
  host_->send(to_frame(Ready{port}));
  auto frame = inbox_->expect(FrameType::peers, config_.timeout, "host");
  if (!frame) return frame.error();
  const auto peers = parse_peers(*frame);
  if (!peers) return peers.error();
  if (auto connected = driver.connect(*peers, config_.timeout, [this] { return inbox_->disturbed(); });
      !connected) {
    return connected;
  }
  host_->send(to_frame(Ready{port}));
  frame = inbox_->expect(FrameType::start, config_.timeout, "host");
  if (!frame) return frame.error();
  driver.start();
  frame = inbox_->next(config_.timeout, "host");
  if (!frame) return frame.error();
  if (frame->type == FrameType::refusal) return told_of_failure(*frame);
  if (frame->type != FrameType::stop)
    return Error{"the host sent a frame that a run in deploy does not know"};
  return {};
}

}  // namespace millrace
