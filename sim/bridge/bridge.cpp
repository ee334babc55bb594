#include "sim/bridge/bridge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "runtime/base/log.hpp"
#include "runtime/net/agent.hpp"

namespace millrace {

// Someone who has connected and not yet said who it is.
struct Bridge::Candidate {
  ChannelPointer channel;
  std::chrono::steady_clock::time_point since;
  std::optional<std::size_t> agent;  // once admitted
  std::optional<Frame> hello;
  bool lost = false;
};

// Where candidates wait; shared with handlers on the loop's thread.
struct Bridge::Lobby {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Candidate>> candidates;
};

namespace {

// A stranger has this long to say who it is.
constexpr auto kGreeting = std::chrono::seconds(5);
// Agents have this long to leave when the run is over.
constexpr Duration kFarewell = Duration::s(2);

}  // namespace

Bridge::Bridge(Setup setup) : setup_(std::move(setup)), lobby_(std::make_shared<Lobby>()) {}

Bridge::~Bridge() { stop(); }

Result<std::unique_ptr<Bridge>> Bridge::listen(Setup setup, const Endpoint& where) {
  std::unique_ptr<Bridge> bridge(new Bridge(std::move(setup)));
  auto listener = listen_on(bridge->loop_, where);
  if (!listener) return listener.error();
  bridge->listener_ = std::move(*listener);
  bridge->listener_->accept([lobby = bridge->lobby_, mailbox = &bridge->mailbox_](ChannelPointer channel) {
    auto candidate = std::make_shared<Candidate>();
    candidate->channel = channel;
    candidate->since = std::chrono::steady_clock::now();
    {
      const std::lock_guard lock(lobby->mutex);
      lobby->candidates.push_back(candidate);
    }
    channel->receive([lobby, mailbox, candidate](Result<Frame> frame) {
      std::unique_lock lock(lobby->mutex);
      if (candidate->agent) {
        const auto agent = *candidate->agent;
        lock.unlock();
        return mailbox->handler(agent)(std::move(frame));
      }
      if (frame && !candidate->hello) candidate->hello = std::move(*frame);
      if (!frame) candidate->lost = true;
      lobby->changed.notify_all();
    });
  });
  return bridge;
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

Result<void> Bridge::gather(const Watch& watch) {
  const auto timeout = setup_.scenario.run.timeout;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  while (!missing_devices().empty()) {
    std::shared_ptr<Candidate> ready;
    {
      std::unique_lock lock(lobby_->mutex);
      lobby_->changed.wait_for(lock, std::chrono::milliseconds(50));
      auto& waiting = lobby_->candidates;
      const auto now = std::chrono::steady_clock::now();
      std::erase_if(waiting, [&](const auto& candidate) {
        const bool silent = !candidate->hello && now - candidate->since > kGreeting;
        if (silent) candidate->channel->send(to_frame(Error{"no greeting came", ExitCode::timeout}));
        if (silent) candidate->channel->close();
        return silent || (candidate->lost && !candidate->hello);
      });
      const auto greeted =
          std::find_if(waiting.begin(), waiting.end(), [](const auto& c) { return c->hello.has_value(); });
      if (greeted != waiting.end()) {
        ready = *greeted;
        waiting.erase(greeted);
      }
    }
    if (ready) {
      if (auto admitted = admit(ready, *ready->hello); !admitted) {
        log_warning("{} was refused: {}", ready->channel->peer(), admitted.error().message);
        ready->channel->send(to_frame(admitted.error()));
        ready->channel->close();
      }
      continue;
    }
    if (auto sound = watch(); !sound) return sound;
    if (std::chrono::steady_clock::now() > give_up) {
      return Error{
          fmt::format("no agent came for {} in {:.0f} s; start one with: millrace-node agent --connect {}:{} "
                      "--device NAME",
                      fmt::join(missing_devices(), ", "), timeout.seconds(), local().address, local().port),
          ExitCode::timeout};
    }
  }
  return assign();
}

Result<void> Bridge::admit(const std::shared_ptr<Candidate>& candidate, const Frame& frame) {
  const auto hello = parse_hello(frame);
  if (!hello) return hello.error();
  if (hello->sender != "agent") return Error{"an agent was expected here"};
  if (auto fits = check_hello(*hello, setup_.release, setup_.scenario_sha256); !fits) return fits;
  for (const auto& device : hello->devices) {
    const auto& known = setup_.scenario.devices;
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& section) { return section.name == device; })) {
      return Error{fmt::format("the scenario has no device \"{}\"", device), ExitCode::invalid_input};
    }
    if (agent_of_device_.contains(device))
      return Error{fmt::format("device {} has an agent already", device)};
  }
  const std::string who =
      fmt::format("agent of {} ({})", fmt::join(hello->devices, ", "), candidate->channel->peer());
  const std::size_t number = mailbox_.add(who);
  {
    const std::lock_guard lock(lobby_->mutex);
    candidate->agent = number;
    if (candidate->lost) return Error{"it went away"};
  }
  for (const auto& device : hello->devices) agent_of_device_[device] = number;
  candidate->channel->open_up();
  candidate->channel->send(to_frame(Hello{"host", setup_.release, setup_.scenario_sha256, {}, {}, {}}));
  candidate->channel->keep_alive(kHeartbeat);
  agents_.push_back({candidate->channel, who, {}});
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
  for (std::size_t ready = 0; ready < agents_.size(); ++ready) {
    auto letter = mailbox_.next(setup_.scenario.run.timeout);
    if (!letter) return letter.error();
    const auto& agent = agents_[letter->agent];
    if (letter->frame.type == FrameType::refusal) return parse_refusal(letter->frame).in(agent.who);
    const auto answer = parse_ready(letter->frame);
    if (!answer) return answer.error().in(agent.who);
    const auto peer = parse_endpoint(agent.channel->peer());
    for (const auto node : agent.nodes)
      endpoints_[node] = {peer ? peer->address : std::string(), answer->port};
  }
  return {};
}

// The next frame that belongs to the node's turn; what other nodes answer meanwhile waits for them.
Result<Frame> Bridge::answer_of(NodeId node) {
  auto& mine = answers_[node];
  while (mine.empty()) {
    auto letter = mailbox_.next(setup_.scenario.run.timeout);
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
    if (owner.value >= setup_.plan.node_count() || agent_at(owner).value() != letter->agent) {
      return Error{who + " spoke for a node that it does not have"};
    }
    answers_[owner].push_back(std::move(letter->frame));
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
        if (message->to.value >= bridge_.setup_.plan.node_count() || message->to == node_) {
          return Error{"a message to a node that does not exist"};
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
  for (std::size_t ready = 0; ready < agents_.size(); ++ready) {
    auto letter = mailbox_.next(setup_.scenario.run.timeout);
    if (!letter) return letter.error();
    const auto& who = agents_[letter->agent].who;
    if (letter->frame.type == FrameType::refusal) return parse_refusal(letter->frame).in(who);
    if (auto answer = parse_ready(letter->frame); !answer) return answer.error().in(who);
  }
  return {};
}

Result<Time> Bridge::run(RunObserver& observer) {
  if (auto connected = connect_peers(); !connected) return connected.error();
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::start));
  Time last;
  for (;;) {
    if (observer.interrupted()) return Error{fmt::format("interrupted at {:.3f} s", last.seconds())};
    auto letter = mailbox_.poll(setup_.scenario.run.timeout, Duration::ms(100));
    if (!letter) return letter.error();
    if (!*letter) continue;
    const auto& who = agents_[(*letter)->agent].who;
    if ((*letter)->frame.type == FrameType::refusal) return parse_refusal((*letter)->frame).in(who);
    auto over = take_report((*letter)->frame, observer, last);
    if (!over) return over.error().in(who);
    if (*over) return last;
  }
}

Result<bool> Bridge::take_report(const Frame& frame, RunObserver& observer, Time& last) {
  const auto report = parse_report(frame);
  if (!report) return report.error();
  if (report->node.value >= setup_.plan.node_count()) return Error{"a report of a node that does not exist"};
  for (const auto& record : report->records) {
    if (const auto* completion = std::get_if<CompletionRecord>(&record)) last = completion->completed;
    observer.on_record(report->now, report->node, record);
  }
  return report->finished;
}

// The agents close: closing here first could discard, with what they are still sending, the very word that it
// is over.
void Bridge::stop() {
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::stop));
  mailbox_.wait_for_farewells(kFarewell);
  for (const auto& agent : agents_) agent.channel->close();
  agents_.clear();
}

}  // namespace millrace
