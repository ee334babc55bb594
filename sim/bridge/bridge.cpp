#include "sim/bridge/bridge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "runtime/base/unguessable.hpp"
#include "runtime/net/agent.hpp"

namespace millrace {

namespace {

// Agents have this long to leave when the run is over.
constexpr Duration kFarewell = Duration::s(2);
// Frames of one node that may wait while another's turn is awaited; honest ones wait for at most one turn.
constexpr std::size_t kMaxAnswers = 1 << 16;
// When one agent has lost another, the host gets so long to see for itself which.
constexpr auto kWitness = std::chrono::milliseconds(500);

}  // namespace

Bridge::Bridge(Setup setup)
    : setup_(std::move(setup)), lobby_(std::make_shared<Lobby>()), run_id_(unguessable_name()) {}

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

Result<void> Bridge::load_keys() {
  if (setup_.keys.empty()) return {};
  auto keys = Security::load(setup_.keys);
  if (!keys) return keys.error();
  if (auto sound = may_be_host((*keys)->own()); !sound) return sound.error().in(setup_.keys);
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
    if (letter->frame.type == FrameType::refusal) return refusal_of(*letter);
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
  while (mine.empty()) {
    auto letter = next_letter();
    if (!letter) return letter.error();
    const auto& who = agents_[letter->agent].who;
    NodeId owner;
    if (letter->frame.type == FrameType::refusal) return refusal_of(*letter);
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
          return Error{fmt::format("a message to node {}, which is no neighbour", message->to.value)};
        }
        sends.push_back({message->to, std::move(message->message)});
      } else {
        auto turn = parse_turn(*frame);
        if (!turn) return turn.error();
        turn->turn.sends = std::move(sends);
        return std::move(turn->turn);
      }
    }
  }

 private:
  Bridge& bridge_;
  NodeId node_;
  ChannelPointer channel_;
};

std::vector<std::unique_ptr<Attachment>> Bridge::attachments() {
  std::vector<std::unique_ptr<Attachment>> seats;
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    seats.push_back(std::make_unique<Seat>(*this, NodeId{i}, agents_[agent_at({i}).value()].channel));
  }
  return seats;
}

// With a limit: a time-out once it has passed.
Result<Mailbox::Letter> Bridge::next_letter(std::optional<Clock::time_point> give_up) {
  for (;;) {
    auto letter = mailbox_.poll(setup_.scenario.run.timeout, Duration::ms(200));
    if (!letter) return letter.error();
    if (*letter && take_aside(**letter)) continue;
    if (*letter) return std::move(**letter);
    if (auto sound = watch_(); !sound) return sound.error();
    if (give_up && Clock::now() > *give_up) return Error{"nothing came", ExitCode::timeout};
  }
}

// Lines of a log may come at any time, and change nothing.
bool Bridge::take_aside(const Mailbox::Letter& letter) {
  if (letter.frame.type != FrameType::log) return false;
  if (const auto line = parse_log_line(letter.frame)) setup_.on_log(agents_[letter.agent].devices, *line);
  return true;
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
void Bridge::stop() {
  if (agents_.empty()) return;
  if (!told_to_stop_) {
    for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::stop));
    mailbox_.wait_for_farewells(kFarewell);
  }
  for (const auto& agent : agents_) agent.channel->close();
  agents_.clear();
}

}  // namespace millrace
