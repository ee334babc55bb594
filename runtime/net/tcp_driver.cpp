#include "runtime/net/tcp_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "runtime/net/greeting.hpp"
#include "runtime/net/reception.hpp"

namespace millrace {

namespace {

// The period of asking whether to stop waiting.
constexpr auto kLook = std::chrono::milliseconds(50);

}  // namespace

TcpDriver::TcpDriver(IoLoop& loop, FrameChannel& host, Run run, std::map<NodeId, VirtualNode::Parts>&& parts)
    : loop_(loop),
      host_(host),
      run_(std::move(run)),
      alive_(std::make_shared<TcpDriver*>(this)),
      alive_mutex_(std::make_shared<std::mutex>()) {
  for (auto& [id, part] : parts) add(id, std::move(part));
}

TcpDriver::~TcpDriver() {
  stop();
  {
    const std::lock_guard lock(*alive_mutex_);
    *alive_ = nullptr;
  }
  for (auto& [id, seat] : seats_) {
    for (const auto& [to, channel] : seat.out) channel->close();
    for (const auto& [from, channel] : seat.in) channel->close();
  }
}

void TcpDriver::add(NodeId id, VirtualNode::Parts parts) {
  WallNode::Hooks hooks;
  hooks.send = [this, id](Time, NodeId to, Message message) { send(id, to, std::move(message)); };
  hooks.report = [this, id](Time now, std::vector<Record> records, bool finished) {
    report(id, now, std::move(records), finished);
  };
  hooks.fail = [this, id](const Error& error) { fail(error.in(name(id))); };
  seats_[id].node = std::make_unique<WallNode>(std::move(parts), std::move(hooks));
}

std::vector<NodeId> TcpDriver::neighbours(NodeId id) const {
  std::vector<NodeId> found;
  if (id.value > 0) found.push_back({id.value - 1});
  if (id.value + 1 < run_.devices.size()) found.push_back({id.value + 1});
  return found;
}

AgentMetrics::Place TcpDriver::place(NodeId id) const {
  if (id.value >= run_.devices.size()) return {};
  const bool inner = id.value > 0 && id.value + 1 < run_.devices.size();
  return {inner           ? fmt::format("stage-{}", id.value)
          : id.value == 0 ? "source"
                          : "sink",
          run_.devices[id.value]};
}

std::string TcpDriver::name(NodeId id) const {
  const auto where = place(id);
  return fmt::format("{} ({})", where.node, where.device);
}

void TcpDriver::report(NodeId id, Time now, std::vector<Record> records, bool finished) {
  for (const auto& record : records) {
    const auto* sample = std::get_if<LinkSample>(&record);
    run_.metrics->recorded(place(id), record, sample ? place(sample->to) : AgentMetrics::Place{},
                           AgentMetrics::Clock::now());
  }
  host_.send(to_frame(Report{id, now, std::move(records), finished}));
}

// Channels do not change once connected, so sending needs no lock.
void TcpDriver::send(NodeId from, NodeId to, Message message) {
  auto& seat = seats_.at(from);
  const auto channel = seat.out.find(to);
  MR_CHECK(channel != seat.out.end(), "a message to a node that is not a neighbour");
  auto frame = to_frame(FrameType::message, NodeMessage{from, to, std::move(message)});
  run_.metrics->sent(place(from), place(to), static_cast<std::uint64_t>(frame.size().count()));
  channel->second->send(std::move(frame));
}

// The first frame of a connection says between which nodes it runs.
void TcpDriver::greet(const ChannelPointer& channel, const Frame& first) {
  const auto pair = admit(channel, first);
  if (!pair) return turn_away(channel, pair.error());
  listen_to(channel, pair->second, pair->first);
}

void TcpDriver::listen_to(const ChannelPointer& channel, NodeId here, NodeId there) {
  channel->receive([alive = alive_, mutex = alive_mutex_, here, there](Result<Frame> frame) {
    const std::lock_guard lock(*mutex);
    if (*alive) (*alive)->on_frame(here, there, std::move(frame));
  });
}

Result<std::pair<NodeId, NodeId>> TcpDriver::admit(const ChannelPointer& channel, const Frame& frame) {
  const auto hello = parse_hello(frame);
  if (!hello) return hello.error();
  if (auto fits = check_hello(*hello, run_.release, run_.scenario_sha256); !fits) return fits.error();
  if (hello->run != run_.id) return Error{"the peer belongs to another run of this scenario"};
  const NodeId from = hello->from_node, to = hello->to_node;
  const std::lock_guard lock(mutex_);
  const auto seat = seats_.find(to);
  const bool known = hello->sender == "peer" && seat != seats_.end();
  const auto expected = known ? neighbours(to) : std::vector<NodeId>{};
  if (std::find(expected.begin(), expected.end(), from) == expected.end() || seat->second.in.contains(from)) {
    return Error{fmt::format("{}: no connection from node {} to node {} is expected here", channel->peer(),
                             from.value, to.value)};
  }
  if (auto sound = may_be_devices(channel->names(), {run_.devices[from.value]}); !sound) return sound.error();
  seat->second.in[from] = channel;
  channel->open_up(run_.peer_memory);
  changed_.notify_all();
  return std::pair{from, to};
}

void TcpDriver::on_frame(NodeId here, NodeId there, Result<Frame> frame) {
  if (!frame) {
    return fail(Error{
        fmt::format("{} lost {}: {}", name(here), name(there), frame.error().message),
        frame.error().code == ExitCode::authentication ? ExitCode::authentication : ExitCode::peer_lost});
  }
  if (frame->type == FrameType::heartbeat) return;
  if (frame->type == FrameType::refusal) return fail(parse_refusal(*frame).in(name(there)));
  if (frame->type != FrameType::message) return fail({name(there) + " sent an unexpected frame"});
  auto message = parse_message(*frame);
  if (!message) return fail(message.error());
  if (message->from != there || message->to != here)
    return fail({name(there) + " sent a message under another name"});
  if (std::holds_alternative<Activation>(message->message)) run_.metrics->arrived(place(here));
  if (const auto& node = seats_.at(here).node) node->deliver(there, std::move(message->message));
}

// A neighbour is known to listen already; if it is flooded, several attempts may be needed.
Result<ChannelPointer> TcpDriver::approach(const Endpoint& where, Duration timeout,
                                           const std::function<bool()>& stop) const {
  const auto give_up = WallNode::Clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  Approach approach{.met = true, .stop = stop};
  for (;;) {
    const auto left = Duration::ns(std::chrono::nanoseconds(give_up - WallNode::Clock::now()).count());
    auto channel = connect_channel(loop_, where, std::max(left, Duration::ms(1)), run_.keys, approach);
    if (channel || channel.error().code != ExitCode::timeout || WallNode::Clock::now() >= give_up || stop())
      return channel;
    std::this_thread::sleep_for(kLook);
  }
}

Result<ChannelPointer> TcpDriver::reach(NodeId from, NodeId to, const Peers& peers, Duration timeout,
                                        const std::function<bool()>& stop) {
  const auto context = fmt::format("{} to {}", name(from), name(to));
  if (to.value >= peers.endpoints.size()) return Error{"the host named too few peers"};
  auto channel = approach(peers.endpoints[to.value], timeout, stop);
  if (!channel) return channel.error().in(context);
  if (auto sound = may_be_devices((*channel)->names(), {run_.devices[to.value]}); !sound)
    return sound.error().in(context);
  // On this connection nothing comes back but a refusal and its end.
  listen_to(*channel, from, to);
  (*channel)->send(
      to_frame(Hello{"peer", run_.release, run_.scenario_sha256, {}, from, to, run_.id, Duration{}}));
  return channel;
}

// A neighbour that has not connected, and the node of ours that it has to connect to. REQUIRES the lock.
std::optional<std::pair<NodeId, NodeId>> TcpDriver::missing() const {
  for (const auto& [id, seat] : seats_) {
    for (const auto from : neighbours(id)) {
      if (!seat.in.contains(from)) return std::pair{from, id};
    }
  }
  return std::nullopt;
}

Result<void> TcpDriver::connect(const Peers& peers, Duration timeout, const std::function<bool()>& stop) {
  const auto give_up = WallNode::Clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  const auto ended = [] { return Error{"the run ended while neighbours connected", ExitCode::peer_lost}; };
  for (auto& [id, seat] : seats_) {
    for (const auto to : neighbours(id)) {
      if (stop()) return ended();
      auto channel = reach(id, to, peers, timeout, stop);
      if (!channel) return stop() ? ended() : channel.error();
      const std::lock_guard lock(mutex_);
      seat.out[to] = std::move(*channel);
    }
  }
  std::unique_lock lock(mutex_);
  while (const auto who = missing()) {
    if (changed_.wait_for(lock, kLook) == std::cv_status::no_timeout) continue;
    if (stop()) return ended();
    if (WallNode::Clock::now() > give_up) {
      return Error{fmt::format("{}: no connection from {} in {:.1f} s", name(who->second), name(who->first),
                               timeout.seconds()),
                   ExitCode::timeout};
    }
  }
  return {};
}

void TcpDriver::start() {
  const auto zero = WallNode::Clock::now();
  for (auto& [id, seat] : seats_) seat.node->start(zero);
}

void TcpDriver::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  std::vector<std::unique_ptr<WallNode>> nodes;
  {
    const std::lock_guard lock(*alive_mutex_);  // nothing is being delivered
    for (auto& [id, seat] : seats_) nodes.push_back(std::move(seat.node));
  }
}

void TcpDriver::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  host_.send(to_frame(error));
}

}  // namespace millrace
