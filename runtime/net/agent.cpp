#include "runtime/net/agent.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <thread>

#include "runtime/net/inbox.hpp"
#include "runtime/net/lockstep_driver.hpp"
#include "runtime/net/paced_driver.hpp"
#include "runtime/net/tcp_driver.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"

namespace millrace {

namespace {

struct Assigned {
  Scenario scenario;
  Assign assign;
};

class Session {
 public:
  Session(const AgentConfig& config, const PartsFactory& factory) : config_(config), factory_(factory) {}

  Result<void> run() {
    if (auto connected = connect(); !connected) return connected;
    auto served = serve();
    if (!served) {
      host_->send(to_frame(served.error()));
      // What is said last must leave before the process does; the host closes when it has heard.
      (void)inbox_->next(Duration::s(1), "host");
    }
    host_->close();
    return served;
  }

 private:
  // A host that is not there yet may come: agents are often started first.
  Result<void> connect() {
    const auto give_up =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(config_.timeout.count_ns());
    for (;;) {
      auto channel = connect_channel(loop_, config_.host, config_.timeout);
      if (channel) {
        host_ = std::move(*channel);
        break;
      }
      if (std::chrono::steady_clock::now() >= give_up) {
        return Error{fmt::format("no host in {:.1f} s ({}); start it with: millrace run FILE --agents {}:{}",
                                 config_.timeout.seconds(), channel.error().message, config_.host.address,
                                 config_.host.port),
                     ExitCode::timeout};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    inbox_ = Inbox::of(*host_);
    return {};
  }

  Result<void> serve() {
    host_->send(to_frame(Hello{"agent", config_.release, config_.scenario_sha256, config_.devices, {}, {}}));
    auto frame = inbox_->expect(FrameType::hello, config_.timeout, "host");
    if (!frame) return frame.error();
    const auto hello = parse_hello(*frame);
    if (!hello) return hello.error();
    if (auto fits = check_hello(*hello, config_.release, config_.scenario_sha256); !fits) return fits;
    host_->open_up();
    host_->keep_alive(heartbeat_within(config_.timeout));
    auto assigned = take_assignment(hello->scenario_sha256);
    if (!assigned) return assigned.error();
    host_->keep_alive(heartbeat_within(std::min(config_.timeout, assigned->scenario.run.timeout)));
    std::map<NodeId, VirtualNode::Parts> parts;
    for (const auto node : assigned->assign.nodes) {
      auto made = factory_(assigned->scenario, assigned->assign.plan, node);
      if (!made) return made.error().in(node_name(assigned->assign.plan, node));
      parts.emplace(node, std::move(*made));
    }
    const Mode mode = assigned->assign.mode;
    if (mode == Mode::deploy) return deploy(*assigned, std::move(parts), hello->scenario_sha256);
    return mode == Mode::emulate ? paced(std::move(parts)) : lockstep(std::move(parts));
  }

  Result<Assigned> take_assignment(const std::string& sha256) {
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
    if (scenario_hash(*read.scenario) != sha256) {
      return Error{"the scenario handed out is not the one greeted with", ExitCode::invalid_input};
    }
    const auto& plan = assign->plan;
    if (auto sound =
            check_plan(plan, read.scenario->model.config.sub_layers(), read.scenario->devices.size());
        !sound) {
      return sound.error();
    }
    return Assigned{std::move(*read.scenario), std::move(*assign)};
  }

  Result<void> lockstep(std::map<NodeId, VirtualNode::Parts> parts) {
    LockstepDriver driver(*host_, std::move(parts));
    host_->send(to_frame(Ready{}));
    for (;;) {
      auto frame = inbox_->next(config_.timeout, "host");
      if (!frame) return frame.error();
      if (frame->type == FrameType::stop) return {};
      if (auto taken = driver.on_frame(*frame); !taken) return taken;
    }
  }

  Result<void> paced(std::map<NodeId, VirtualNode::Parts> parts) {
    PacedDriver driver(*host_, std::move(parts));
    host_->send(to_frame(Ready{}));
    if (auto frame = inbox_->expect(FrameType::start, config_.timeout, "host"); !frame) return frame.error();
    driver.start();
    for (;;) {
      auto frame = inbox_->next(config_.timeout, "host");
      if (!frame) return frame.error();
      if (frame->type == FrameType::stop) return {};
      if (auto taken = driver.on_frame(*frame); !taken) return taken;
    }
  }

  Result<void> deploy(const Assigned& assigned, std::map<NodeId, VirtualNode::Parts> parts,
                      const std::string& sha256) {
    auto driver = TcpDriver::open(loop_, *host_, {config_.release, sha256}, std::move(parts),
                                  assigned.assign.plan.sink_node());
    if (!driver) return driver.error();
    host_->send(to_frame(Ready{(*driver)->port()}));
    auto frame = inbox_->expect(FrameType::peers, config_.timeout, "host");
    if (!frame) return frame.error();
    const auto peers = parse_peers(*frame);
    if (!peers) return peers.error();
    if (auto connected = (*driver)->connect(*peers, config_.timeout); !connected) return connected;
    host_->send(to_frame(Ready{}));
    frame = inbox_->expect(FrameType::start, config_.timeout, "host");
    if (!frame) return frame.error();
    (*driver)->start();
    frame = inbox_->expect(FrameType::stop, config_.timeout, "host");
    (*driver)->stop();
    return frame ? Result<void>{} : frame.error();
  }

  const AgentConfig& config_;
  const PartsFactory& factory_;
  IoLoop loop_;
  ChannelPointer host_;
  std::shared_ptr<Inbox> inbox_;
};

}  // namespace

Result<void> check_hello(const Hello& hello, const std::string& release, const std::string& scenario_sha256) {
  if (hello.release != release) {
    return Error{fmt::format("the {} is millrace {}, this is {}; use one release everywhere", hello.sender,
                             hello.release, release)};
  }
  if (!scenario_sha256.empty() && !hello.scenario_sha256.empty() &&
      hello.scenario_sha256 != scenario_sha256) {
    return Error{fmt::format("the {} is here for another scenario ({}, this one is {})", hello.sender,
                             hello.scenario_sha256.substr(0, 12), scenario_sha256.substr(0, 12)),
                 ExitCode::invalid_input};
  }
  return {};
}

Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory) {
  Session session(config, factory);
  return session.run();
}

}  // namespace millrace
