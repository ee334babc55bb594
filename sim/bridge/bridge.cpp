#include "sim/bridge/bridge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <thread>

#include "runtime/base/unguessable.hpp"

namespace millrace {

namespace {

// Agents have this long to leave when the run is over.
constexpr Duration kFarewell = Duration::s(2);
// Frames of one node that may wait while another's turn is awaited; honest ones wait for at most one turn.
constexpr std::size_t kMaxAnswers = 1 << 16;
// When one agent has lost another, the host gets so long to see for itself which.
constexpr auto kWitness = std::chrono::milliseconds(500);
// Where an agent was lost the others hear that it is over, but nobody waits for what they still compute.
constexpr Duration kBrokenFarewell = Duration::ms(200);
// Between two looks at whether waiting makes sense.
constexpr auto kWatch = std::chrono::milliseconds(200);
// Lines of logs that are kept at once while there is time, and beside what is the run's.
constexpr std::size_t kLinesWhenIdle = 64, kLinesBeside = 1;
constexpr Duration kTime = Duration::ms(100);
// What agents' clocks may differ by, and how long a frame may be on its way, beyond the time that has passed
// here.
Duration clock_slack(const Scenario& scenario) { return Duration::s(1) + scenario.run.heartbeat * 4; }

}  // namespace

Bridge::Bridge(Setup setup)
    : setup_(std::move(setup)),
      check_(setup_.scenario, setup_.plan),
      mailbox_(check_.largest()),
      lobby_(std::make_shared<Lobby>()),
      run_id_(unguessable_name()) {}

Bridge::~Bridge() {
  lobby_->close();
  stop();
}

Result<std::unique_ptr<Bridge>> Bridge::listen(Setup setup, const Endpoint& where) {
  std::unique_ptr<Bridge> bridge(new Bridge(std::move(setup)));
  if (auto loaded = bridge->load_keys(); !loaded) return loaded.error();
  auto listener = listen_on(bridge->loop_, where, bridge->keys_);
  if (!listener) return listener.error();
  bridge->listener_ = std::move(*listener);
  bridge->listener_->accept([lobby = bridge->lobby_, mailbox = &bridge->mailbox_](
                                const ChannelPointer& channel) { lobby->enter(*mailbox, channel); });
  return bridge;
}

Result<std::unique_ptr<Bridge>> Bridge::connecting(Setup setup) {
  std::unique_ptr<Bridge> bridge(new Bridge(std::move(setup)));
  if (auto loaded = bridge->load_keys(); !loaded) return loaded.error();
  return bridge;
}

Result<void> Bridge::check_keys(const std::string& folder) {
  if (folder.empty()) return {};
  const auto keys = Security::load_for_host(folder);
  return keys ? Result<void>{} : keys.error();
}

Result<void> Bridge::load_keys() {
  if (setup_.keys.empty()) return {};
  auto keys = Security::load_for_host(setup_.keys);
  if (!keys) return keys.error();
  keys_ = *keys;
  return {};
}

Endpoint Bridge::local() const { return listener_ ? listener_->local() : Endpoint{}; }

std::vector<std::string> Bridge::missing_devices() const {
  std::vector<std::string> missing;
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    const auto& name = setup_.scenario.devices.at(setup_.plan.device_of({i}).value).name;
    if (!agent_of_device_.contains(name) &&
        std::find(missing.begin(), missing.end(), name) == missing.end()) {
      missing.push_back(name);
    }
  }
  return missing;
}

Result<void> Bridge::check_devices(const Hello& hello) const {
  if (hello.devices.empty()) return Error{"an agent without a device", ExitCode::usage};
  for (const auto& device : hello.devices) {
    const auto& known = setup_.scenario.devices;
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& section) { return section.name == device; })) {
      return Error{fmt::format("the scenario has no device \"{}\"", device), ExitCode::invalid_input};
    }
    if (agent_of_device_.contains(device))
      return Error{fmt::format("device {} has an agent already", device)};
  }
  return {};
}

Result<std::size_t> Bridge::agent_at(NodeId node) const {
  const auto& device = setup_.scenario.devices.at(setup_.plan.device_of(node).value).name;
  const auto found = agent_of_device_.find(device);
  if (found == agent_of_device_.end()) return Error{"device " + device + " has no agent"};
  return found->second;
}

// Every agent once: one that says it twice does not speak for another.
Result<void> Bridge::await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready) {
  std::set<std::size_t> heard;
  const auto timeout = std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
  auto give_up = Clock::now() + timeout;
  while (heard.size() < agents_.size()) {
    auto letter = next_letter(give_up);
    if (!letter && letter.error().code == ExitCode::timeout) {
      std::vector<std::string> silent;
      for (std::size_t i = 0; i < agents_.size(); ++i) {
        if (!heard.contains(i)) silent.push_back(agents_[i].who);
      }
      return Error{fmt::format("{}: not ready after {:.1f} s; a larger run.timeout gives more time",
                               fmt::join(silent, ", "), setup_.scenario.run.timeout.seconds()),
                   ExitCode::timeout};
    }
    if (!letter) return letter.error();
    const auto& agent = agents_[letter->agent];
    give_up = Clock::now() + timeout;
    if (letter->frame.type == FrameType::want) {
      if (auto served = serve_file(*letter); !served) return served.error().in(agent.who);
      continue;
    }
    const auto answer = parse_ready(letter->frame);
    if (!answer) return answer.error().in(agent.who);
    if (!heard.insert(letter->agent).second) return Error{agent.who + ": said twice that it is ready"};
    on_ready(agent, *answer);
  }
  return {};
}

bool Bridge::speaks_for(std::size_t agent, NodeId node) const {
  return node.value < setup_.plan.node_count() && agent_at(node).value() == agent;
}

// The next frame that belongs to the node's turn; what other nodes answer meanwhile waits for them.
Result<Frame> Bridge::answer_of(NodeId node) {
  auto& mine = answers_[node];
  const auto patience = std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
  auto give_up = Clock::now() + patience;
  while (mine.empty()) {
    auto letter = next_letter(give_up);
    if (!letter && letter.error().code == ExitCode::timeout) {
      return Error{
          fmt::format("{}: {} has not ended its turn for {:.1f} s, though the agent is there; if one "
                      "microbatch may take that long, give a larger run.timeout",
                      agents_[agent_at(node).value()].who, node_name(setup_.plan, node),
                      setup_.scenario.run.timeout.seconds()),
          ExitCode::timeout};
    }
    if (!letter) return letter.error();
    give_up = Clock::now() + patience;
    const auto& who = agents_[letter->agent].who;
    NodeId owner;
    if (letter->frame.type == FrameType::send) {
      const auto message = parse_message(letter->frame);
      if (!message) return message.error().in(who);
      owner = message->from;
    } else {
      const auto turn = parse_turn(letter->frame);
      if (!turn) return turn.error().in(who);
      owner = turn->node;
    }
    if (!speaks_for(letter->agent, owner)) return Error{who + " spoke for a node that it does not have"};
    auto& answers = answers_[owner];
    if (answers.size() >= kMaxAnswers) return Error{who + " sends more than a turn can hold"};
    answers.push_back(std::move(letter->frame));
  }
  auto frame = std::move(mine.front());
  mine.pop_front();
  return frame;
}

class Bridge::Seat final : public Attachment {
 public:
  Seat(Bridge& bridge, NodeId node, ChannelPointer channel)
      : bridge_(bridge), node_(node), channel_(std::move(channel)) {}

  Result<void> begin(Event event) override {
    now_ = event.now;
    channel_->send(to_frame(NodeEvent{node_, std::move(event)}));
    return {};
  }

  Result<Turn> end() override {
    std::vector<Turn::Send> sends;
    for (;;) {
      auto frame = bridge_.answer_of(node_);
      if (!frame) return frame.error();
      if (frame->type == FrameType::send) {
        auto message = parse_message(*frame);
        if (!message) return message.error();
        const bool neighbour = message->to.value + 1 == node_.value || message->to.value == node_.value + 1;
        if (message->to.value >= bridge_.setup_.plan.node_count() || !neighbour) {
          return Error{fmt::format("a message from {} to one who is no neighbour of it",
                                   node_name(bridge_.setup_.plan, node_))};
        }
        if (auto sound = bridge_.check_.check(*message, now_); !sound) return in_context(sound.error());
        sends.push_back({message->to, std::move(message->message)});
      } else {
        auto turn = parse_turn(*frame);
        if (!turn) return turn.error();
        const auto taken = bridge_.check_.take({.node = node_,
                                                .now = now_,
                                                .latest = now_,
                                                .records = turn->turn.records,
                                                .finished = turn->turn.finished});
        if (!taken) return in_context(taken.error());
        turn->turn.sends = std::move(sends);
        return std::move(turn->turn);
      }
    }
  }

 private:
  Error in_context(const Error& error) const {
    return error.in(bridge_.agents_[bridge_.agent_at(node_).value()].who);
  }

  Bridge& bridge_;
  NodeId node_;
  ChannelPointer channel_;
  Time now_;  // of the last event
};

std::vector<std::unique_ptr<Attachment>> Bridge::attachments() {
  std::vector<std::unique_ptr<Attachment>> seats;
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    seats.push_back(std::make_unique<Seat>(*this, NodeId{i}, agents_[agent_at({i}).value()].channel));
  }
  return seats;
}

// What every loop hears by: what any agent says next that is the run's. Lines of logs may come at any time
// and change nothing; an agent that goes away ends the run.
Result<std::optional<Mailbox::Letter>> Bridge::hear(Duration patience) {
  auto letter = mailbox_.poll(setup_.scenario.run.timeout, patience);
  if (!letter) return letter;
  keep_log_lines(*letter || patience < kTime ? kLinesBeside : kLinesWhenIdle);
  if (*letter && (*letter)->frame.type == FrameType::refusal) return refusal_of(**letter);
  return letter;
}

// With a limit: a time-out once it has passed.
Result<Mailbox::Letter> Bridge::next_letter(std::optional<Clock::time_point> give_up) {
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

void Bridge::keep_log_lines(std::size_t most) {
  for (; most > 0; --most) {
    const auto letter = mailbox_.next_log_line();
    if (!letter) return;
    if (letter->agent >= agents_.size()) continue;
    if (const auto line = parse_log_line(letter->frame)) setup_.on_log(agents_[letter->agent].devices, *line);
  }
}

// Once, at the end.
void Bridge::tell_of_dropped_log_lines() {
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

// The agents are about to be told to start: their clocks begin.
void Bridge::begin_clock() {
  started_ = Clock::now();
  const auto source = agent_at(setup_.plan.source_node()), sink = agent_at(setup_.plan.sink_node());
  check_.clocks(source.value() == sink.value() ? Duration{} : clock_slack(setup_.scenario));
}

// No honest clock is beyond this: 1 % is far more than clocks differ in their rate.
Time Bridge::latest() const {
  const auto passed = Duration::ns(std::chrono::nanoseconds(Clock::now() - started_).count());
  return Time::zero() + passed + passed / 100 + clock_slack(setup_.scenario);
}

// What an agent says that goes away. Neighbours of one that has died hear of it too, and often first; the
// connection that the host itself has lost says best who it was.
Error Bridge::refusal_of(const Mailbox::Letter& letter) {
  auto said = parse_refusal(letter.frame).in(agents_[letter.agent].who);
  if (said.code != ExitCode::peer_lost) return said;
  const auto give_up = Clock::now() + kWitness;
  for (;;) {
    if (const auto there = mailbox_.check(setup_.scenario.run.timeout); !there) return there.error();
    if (Clock::now() > give_up) return said;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// The agents close: closing here first could discard, with what they are still sending, the very word that it
// is over. Those that have said farewell wait for this side instead.
void Bridge::stop(const std::optional<Error>& failure) {
  if (agents_.empty()) return;
  // Those that have ended their part hear of a failure too: they still wait for this side.
  if (!told_to_stop_ || failure) {
    for (const auto& agent : agents_)
      agent.channel->send(failure ? to_frame(*failure) : to_frame(FrameType::stop));
    const bool broken = told_to_stop_ || !mailbox_.check(setup_.scenario.run.timeout);
    mailbox_.wait_for_farewells(broken ? kBrokenFarewell : kFarewell);
  }
  tell_of_dropped_log_lines();
  for (const auto& agent : agents_) agent.channel->close();
  agents_.clear();
}

}  // namespace millrace
