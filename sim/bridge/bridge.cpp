#include "sim/bridge/bridge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "runtime/base/log.hpp"
#include "runtime/net/agent.hpp"

namespace millrace {

// Someone who has connected and not yet said who it is. Its channel is kept elsewhere: the channel's handler
// holds this.
struct Bridge::Candidate {
  std::chrono::steady_clock::time_point since;
  std::optional<std::size_t> agent;  // once admitted
  std::optional<Frame> hello;
  std::optional<Error> lost;
};

// Where candidates wait; shared with handlers on the loop's thread.
struct Bridge::Lobby {
  struct Waiting {
    ChannelPointer channel;
    std::shared_ptr<Candidate> candidate;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Waiting> waiting;
  bool closed = false;
};

namespace {

// A stranger has this long to say who it is.
constexpr auto kGreeting = std::chrono::seconds(5);
// Strangers that may wait at once; one more is turned away.
constexpr std::size_t kMaxStrangers = 256;
// Agents have this long to leave when the run is over.
constexpr Duration kFarewell = Duration::s(2);
// Frames of one node that may wait while another's turn is awaited; honest ones wait for at most one turn.
constexpr std::size_t kMaxAnswers = 1 << 16;
// After the sink has everything, reports still under way are taken until none comes for a while.
constexpr Duration kQuiet = Duration::ms(50);
constexpr auto kDrain = std::chrono::milliseconds(300);

void turn_away(const ChannelPointer& channel, const Error& error) {
  channel->send(to_frame(error));
  channel->close();
}

}  // namespace

Bridge::Bridge(Setup setup) : setup_(std::move(setup)), lobby_(std::make_shared<Lobby>()) {}

Bridge::~Bridge() {
  close_lobby();
  stop();
}

Result<std::unique_ptr<Bridge>> Bridge::listen(Setup setup, const Endpoint& where) {
  std::unique_ptr<Bridge> bridge(new Bridge(std::move(setup)));
  auto listener = listen_on(bridge->loop_, where);
  if (!listener) return listener.error();
  bridge->listener_ = std::move(*listener);
  bridge->listener_->accept([lobby = bridge->lobby_, mailbox = &bridge->mailbox_](
                                const ChannelPointer& channel) { enter(lobby, *mailbox, channel); });
  return bridge;
}

// On the loop's thread.
void Bridge::enter(const std::shared_ptr<Lobby>& lobby, Mailbox& mailbox, const ChannelPointer& channel) {
  auto candidate = std::make_shared<Candidate>();
  candidate->since = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(lobby->mutex);
    if (lobby->closed) return turn_away(channel, Error{"the run has all its agents"});
    if (lobby->waiting.size() >= kMaxStrangers) return turn_away(channel, Error{"too many wait here"});
    lobby->waiting.push_back({channel, candidate});
  }
  channel->receive([lobby, &mailbox, candidate](Result<Frame> frame) {
    std::unique_lock lock(lobby->mutex);
    if (candidate->agent) {
      const auto agent = *candidate->agent;
      lock.unlock();
      return mailbox.handler(agent)(std::move(frame));
    }
    if (frame && !candidate->hello) candidate->hello = std::move(*frame);
    if (!frame) candidate->lost = frame.error();
    lobby->changed.notify_all();
  });
}

// Who comes from now on, or still waits, is told that it is too late.
void Bridge::close_lobby() {
  const std::lock_guard lock(lobby_->mutex);
  lobby_->closed = true;
  for (const auto& late : lobby_->waiting) turn_away(late.channel, Error{"the run has all its agents"});
  lobby_->waiting.clear();
}

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

// The next one that has greeted, waiting a moment for it. Those that went away or stay silent are let go.
std::optional<Bridge::Greeted> Bridge::next_greeted() {
  std::unique_lock lock(lobby_->mutex);
  auto& waiting = lobby_->waiting;
  const auto greeted = [&] {
    return std::find_if(waiting.begin(), waiting.end(),
                        [](const auto& entry) { return entry.candidate->hello.has_value(); });
  };
  lobby_->changed.wait_for(lock, std::chrono::milliseconds(50), [&] { return greeted() != waiting.end(); });
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(waiting, [&](const auto& entry) {
    const auto& candidate = *entry.candidate;
    if (candidate.hello) return false;
    if (candidate.lost)
      log_warning("a connection that was no agent yet has ended: {}", candidate.lost->message);
    const bool silent = !candidate.lost && now - candidate.since > kGreeting;
    if (silent) turn_away(entry.channel, Error{"no greeting came", ExitCode::timeout});
    return silent || candidate.lost.has_value();
  });
  const auto found = greeted();
  if (found == waiting.end()) return std::nullopt;
  Greeted ready{found->channel, found->candidate, *found->candidate->hello};
  waiting.erase(found);
  return ready;
}

Result<void> Bridge::gather(const Watch& watch) {
  watch_ = watch;
  const auto timeout = setup_.scenario.run.timeout;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  while (!missing_devices().empty()) {
    if (const auto greeted = next_greeted()) {
      if (auto admitted = admit(*greeted); !admitted) {
        log_warning("{} was refused: {}", greeted->channel->peer(), admitted.error().message);
        turn_away(greeted->channel, admitted.error());
      }
      continue;
    }
    if (auto sound = watch(); !sound) return sound;
    if (auto there = mailbox_.check(timeout); !there) return there;
    if (std::chrono::steady_clock::now() > give_up) {
      const auto advice =
          setup_.local ? std::string("a larger run.timeout gives local agents more time to start")
                       : fmt::format("start one with: millrace-node agent --connect {}:{} --device NAME",
                                     local().address, local().port);
      return Error{fmt::format("no agent came for {} in {:.1f} s; {}", fmt::join(missing_devices(), ", "),
                               timeout.seconds(), advice),
                   ExitCode::timeout};
    }
  }
  close_lobby();
  return assign();
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

Result<void> Bridge::admit(const Greeted& greeted) {
  const auto hello = parse_hello(greeted.hello);
  if (!hello) return hello.error();
  if (hello->sender != "agent") return Error{"an agent was expected here"};
  if (auto fits = check_hello(*hello, setup_.release, setup_.scenario_sha256); !fits) return fits;
  if (auto sound = check_devices(*hello); !sound) return sound;
  const auto& channel = greeted.channel;
  const std::string who = fmt::format("agent of {} ({})", fmt::join(hello->devices, ", "), channel->peer());
  std::size_t number = 0;
  {
    // From here on its frames go to the mailbox; whoever has gone gets no number there.
    const std::lock_guard lock(lobby_->mutex);
    if (greeted.candidate->lost) return Error{"it went away before it was admitted"};
    number = mailbox_.add(who);
    greeted.candidate->agent = number;
  }
  MR_CHECK(number == agents_.size());
  for (const auto& device : hello->devices) agent_of_device_[device] = number;
  channel->open_up();
  channel->send(to_frame(Hello{"host", setup_.release, setup_.scenario_sha256, {}, {}, {}}));
  channel->keep_alive(heartbeat_within(setup_.scenario.run.timeout));
  agents_.push_back({channel, who, {}});
  return {};
}

Result<std::size_t> Bridge::agent_at(NodeId node) const {
  const auto& device = setup_.scenario.devices.at(setup_.plan.device_of(node).value).name;
  const auto found = agent_of_device_.find(device);
  if (found == agent_of_device_.end()) return Error{"device " + device + " has no agent"};
  return found->second;
}

Result<void> Bridge::assign() {
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    const auto agent = agent_at({i});
    if (!agent) return agent.error();
    agents_[*agent].nodes.push_back({i});
  }
  for (const auto& agent : agents_) {
    agent.channel->send(to_frame(Assign{setup_.scenario_text, setup_.plan, setup_.mode, agent.nodes}));
  }
  return await_ready([this](const Agent& agent, const Ready& ready) {
    const auto peer = parse_endpoint(agent.channel->peer());
    for (const auto node : agent.nodes) endpoints_[node] = {peer ? peer->address : std::string(), ready.port};
  });
}

Result<Mailbox::Letter> Bridge::next_letter() {
  for (;;) {
    auto letter = mailbox_.poll(setup_.scenario.run.timeout, Duration::ms(200));
    if (!letter) return letter.error();
    if (*letter) return std::move(**letter);
    if (auto sound = watch_(); !sound) return sound.error();
  }
}

// Every agent once: one that says it twice does not speak for another.
Result<void> Bridge::await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready) {
  std::set<std::size_t> heard;
  while (heard.size() < agents_.size()) {
    auto letter = next_letter();
    if (!letter) return letter.error();
    const auto& agent = agents_[letter->agent];
    if (letter->frame.type == FrameType::refusal) return parse_refusal(letter->frame).in(agent.who);
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
    if (letter->frame.type == FrameType::refusal) return parse_refusal(letter->frame).in(who);
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

Result<void> Bridge::connect_peers() {
  Peers peers;
  for (const auto& [node, endpoint] : endpoints_) peers.endpoints.push_back(endpoint);
  for (const auto& agent : agents_) agent.channel->send(to_frame(peers));
  return await_ready([](const Agent&, const Ready&) {});
}

Result<Time> Bridge::run(RunObserver& observer) {
  if (auto connected = connect_peers(); !connected) return connected.error();
  if (setup_.at_start) {
    if (auto begun = setup_.at_start(); !begun) return begun.error();
  }
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::start));
  Time last;
  for (;;) {
    if (observer.interrupted()) return Error{fmt::format("interrupted at {:.3f} s", last.seconds())};
    auto letter = mailbox_.poll(setup_.scenario.run.timeout, Duration::ms(100));
    if (!letter) return letter.error();
    if (!*letter) continue;
    const auto& who = agents_[(*letter)->agent].who;
    if ((*letter)->frame.type == FrameType::refusal) return parse_refusal((*letter)->frame).in(who);
    auto over = take_report(**letter, observer, last);
    if (!over) return over.error().in(who);
    if (*over) break;
  }
  drain(observer);
  return last;
}

// The last acknowledgements and records come after the sink's last word. Whatever goes wrong from here on
// does not matter: the sink has everything.
void Bridge::drain(RunObserver& observer) {
  const auto give_up = std::chrono::steady_clock::now() + kDrain;
  Time ignored;
  while (std::chrono::steady_clock::now() < give_up) {
    auto letter = mailbox_.poll(setup_.scenario.run.timeout, kQuiet);
    if (!letter || !*letter || !take_report(**letter, observer, ignored)) return;
  }
}

// Whether the run is over.
Result<bool> Bridge::take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last) {
  const auto report = parse_report(letter.frame);
  if (!report) return report.error();
  if (!speaks_for(letter.agent, report->node)) return Error{"it spoke for a node that it does not have"};
  for (const auto& record : report->records) {
    if (const auto* completion = std::get_if<CompletionRecord>(&record)) last = completion->completed;
    observer.on_record(report->now, report->node, record);
  }
  return report->finished && report->node == setup_.plan.sink_node();
}

// The agents close: closing here first could discard, with what they are still sending, the very word that it
// is over.
void Bridge::stop() {
  if (agents_.empty()) return;
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::stop));
  mailbox_.wait_for_farewells(kFarewell);
  for (const auto& agent : agents_) agent.channel->close();
  agents_.clear();
}

}  // namespace millrace
