#include "sim/bridge/crew.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <thread>

namespace millrace {

namespace {

// Agents have this long to leave when the run is over.
constexpr Duration kFarewell = Duration::s(2);
// When one agent reports that it has lost another, the host waits this long to see the loss itself.
constexpr auto kWitness = std::chrono::milliseconds(500);
// Where an agent was lost, the others are told that the run is over, but the host does not wait for what they
// still compute.
constexpr Duration kBrokenFarewell = Duration::ms(200);
// Between two calls of the watch.
constexpr auto kWatch = std::chrono::milliseconds(200);
// Log lines that are handed on in one go: while the host is idle, and beside a frame of the run.
constexpr std::size_t kLinesWhenIdle = 64, kLinesBeside = 1;
// A wait of at least this long without a frame counts as idle.
constexpr Duration kTime = Duration::ms(100);
// How far agents' clocks may differ plus how long a frame may be on its way, on top of the time that has
// passed here.
Duration clock_slack(const Scenario& scenario) { return Duration::s(1) + scenario.run.heartbeat * 4; }

}  // namespace

Crew::Crew(const BridgeSetup& setup)
    : setup_(setup), check_(setup.scenario, setup.plan), mailbox_(check_.largest()) {}

void Crew::add(const ChannelPointer& channel, std::size_t number, const std::string& who,
               const std::vector<std::string>& devices) {
  MR_CHECK(number == agents_.size());
  for (const auto& device : devices) agent_of_device_[device] = number;
  channel->open_up();
  channel->keep_alive(setup_.scenario.run.heartbeat / 2);
  channel->expect_life(setup_.scenario.run.heartbeat * 2);
  agents_.push_back({channel, who, fmt::format("{}", fmt::join(devices, "+"))});
}

std::vector<std::string> Crew::missing_devices() const {
  std::vector<std::string> missing;
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    const auto& name = setup_.scenario.devices.at(setup_.plan.device_of({i}).value).name;
    if (!has(name) && std::find(missing.begin(), missing.end(), name) == missing.end())
      missing.push_back(name);
  }
  return missing;
}

Result<std::size_t> Crew::agent_at(NodeId node) const {
  const auto& device = setup_.scenario.devices.at(setup_.plan.device_of(node).value).name;
  const auto found = agent_of_device_.find(device);
  if (found == agent_of_device_.end()) return Error{"device " + device + " has no agent"};
  return found->second;
}

Result<void> Crew::assign_nodes() {
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    const auto agent = agent_at({i});
    if (!agent) return agent.error();
    agents_[*agent].nodes.push_back({i});
  }
  return {};
}

bool Crew::speaks_for(std::size_t agent, NodeId node) const {
  return node.value < setup_.plan.node_count() && agent_at(node).value() == agent;
}

void Crew::tell_all(const std::function<Frame()>& word) const {
  for (const auto& agent : agents_) agent.channel->send(word());
}

Result<std::optional<Mailbox::Letter>> Crew::hear(Duration patience) {
  auto letter = mailbox_.poll(setup_.scenario.run.timeout, patience);
  if (!letter) return letter;
  keep_log_lines(*letter || patience < kTime ? kLinesBeside : kLinesWhenIdle);
  if (*letter && (*letter)->frame.type == FrameType::refusal) return refusal_of(**letter);
  return letter;
}

Result<Mailbox::Letter> Crew::next_letter(std::optional<Clock::time_point> give_up) {
  for (;;) {
    auto letter = hear(Duration::ms(200));
    if (!letter) return letter.error();
    if (Clock::now() - watched_ >= kWatch) {
      watched_ = Clock::now();
      if (auto sound = watch_(); !sound) return sound.error();
    }
    if (*letter) return std::move(**letter);
    if (give_up && Clock::now() > *give_up) return Error{"nothing came", ExitCode::timeout};
  }
}

Result<void> Crew::await_all(const std::function<Result<bool>(const Mailbox::Letter&)>& take, bool renewed,
                             const std::function<std::string(const std::string& silent)>& late) {
  const auto timeout = std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
  std::set<std::size_t> done;
  auto give_up = Clock::now() + timeout;
  while (done.size() < agents_.size()) {
    const auto letter = next_letter(give_up);
    if (!letter && letter.error().code == ExitCode::timeout) {
      std::vector<std::string> silent;
      for (std::size_t i = 0; i < agents_.size(); ++i) {
        if (!done.contains(i)) silent.push_back(agents_[i].who);
      }
      return Error{late(fmt::format("{}", fmt::join(silent, ", "))), ExitCode::timeout};
    }
    if (!letter) return letter.error();
    if (renewed) give_up = Clock::now() + timeout;
    const auto is_done = take(*letter);
    if (!is_done) return is_done.error().in(agents_[letter->agent].who);
    if (*is_done) done.insert(letter->agent);
  }
  return {};
}

// Counts every agent once: an agent that says it twice does not stand for another.
Result<void> Crew::await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready,
                               const std::function<Result<void>(const Mailbox::Letter&)>& serve) {
  std::set<std::size_t> heard;
  const auto take = [&](const Mailbox::Letter& letter) -> Result<bool> {
    if (letter.frame.type == FrameType::want && serve) {
      if (auto served = serve(letter); !served) return served.error();
      return heard.contains(letter.agent);
    }
    const auto answer = parse_ready(letter.frame);
    if (!answer) return answer.error();
    if (!heard.insert(letter.agent).second) return Error{"said twice that it is ready"};
    on_ready(agents_[letter.agent], *answer);
    return true;
  };
  return await_all(take, true, [&](const std::string& silent) {
    return fmt::format("{}: not ready after {:.1f} s; a larger run.timeout gives more time", silent,
                       setup_.scenario.run.timeout.seconds());
  });
}

void Crew::keep_log_lines(std::size_t most) {
  for (; most > 0; --most) {
    const auto letter = mailbox_.next_log_line();
    if (!letter) return;
    if (letter->agent >= agents_.size()) continue;
    if (const auto line = parse_log_line(letter->frame)) setup_.on_log(agents_[letter->agent].devices, *line);
  }
}

// Called once, at the end.
void Crew::tell_of_dropped_log_lines() {
  keep_log_lines(std::numeric_limits<std::size_t>::max());
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    const auto dropped = mailbox_.dropped_log_lines(i);
    if (dropped == 0) continue;
    setup_.on_log(agents_[i].devices,
                  {LogLevel::warning,
                   fmt::format("{} lines of this agent's log were dropped: the host keeps {:g} a second, and "
                               "{:g} or {:g} MiB in all",
                               dropped, LogGate::kLinesPerS, LogGate::kLines, LogGate::kBytes / (1 << 20))});
  }
}

// The error of an agent that refuses to go on. Neighbours of an agent that died often notice the loss before
// the host; the connection that the host itself loses names the dead agent best.
Error Crew::refusal_of(const Mailbox::Letter& letter) {
  auto said = parse_refusal(letter.frame).in(agents_[letter.agent].who);
  if (said.code != ExitCode::peer_lost) return said;
  const auto give_up = Clock::now() + kWitness;
  for (;;) {
    if (const auto there = mailbox_.check(setup_.scenario.run.timeout); !there) return there.error();
    if (Clock::now() > give_up) return said;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Result<Report> Crew::sound_report(const Mailbox::Letter& letter) {
  auto report = parse_report(letter.frame);
  if (!report) return report;
  if (!speaks_for(letter.agent, report->node)) return Error{"it spoke for a node that it does not have"};
  if (report->records.empty() && !report->finished) return Error{"it sent a report of nothing"};
  const auto taken = check_.take({.node = report->node,
                                  .now = report->now,
                                  .latest = latest(),
                                  .records = report->records,
                                  .finished = report->finished});
  if (!taken) return taken.error();
  return report;
}

void Crew::begin_clock() {
  started_ = Clock::now();
  const auto source = agent_at(setup_.plan.source_node()), sink = agent_at(setup_.plan.sink_node());
  check_.clocks(source.value() == sink.value() ? Duration{} : clock_slack(setup_.scenario));
}

Time Crew::latest() const {
  const auto passed = Duration::ns(std::chrono::nanoseconds(Clock::now() - started_).count());
  return Time::zero() + passed + passed / 100 + clock_slack(setup_.scenario);
}

// The agents close first: closing here while they are still sending could discard the frame that tells them
// the run is over. Agents that have said farewell wait for this side to close instead.
void Crew::stop(const std::optional<Error>& failure) {
  if (agents_.empty()) return;
  // Agents that have ended their part are told of a failure too: they still wait for this side to close.
  if (!told_to_stop_ || failure) {
    tell_all([&] { return failure ? to_frame(*failure) : to_frame(FrameType::stop); });
    const bool broken = told_to_stop_ || !mailbox_.check(setup_.scenario.run.timeout);
    mailbox_.wait_for_farewells(broken ? kBrokenFarewell : kFarewell);
  }
  tell_of_dropped_log_lines();
  for (const auto& agent : agents_) agent.channel->close();
  agents_.clear();
}

}  // namespace millrace
