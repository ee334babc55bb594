#include "runtime/net/tcp_driver.hpp"

#include <fmt/format.h>

#include "runtime/net/agent.hpp"

namespace millrace {

TcpDriver::TcpDriver(IoLoop& loop, FrameChannel& host, Identity identity, NodeId sink)
    : loop_(loop),
      host_(host),
      identity_(std::move(identity)),
      sink_(sink),
      alive_(std::make_shared<TcpDriver*>(this)),
      alive_mutex_(std::make_shared<std::mutex>()) {}

Result<std::unique_ptr<TcpDriver>> TcpDriver::open(IoLoop& loop, FrameChannel& host, Identity identity,
                                                   std::map<NodeId, VirtualNode::Parts>&& parts,
                                                   NodeId sink) {
  std::unique_ptr<TcpDriver> driver(new TcpDriver(loop, host, std::move(identity), sink));
  for (auto& [id, part] : parts) driver->add(id, std::move(part));
  auto listener = listen_on(loop, {host.local_address(), 0});
  if (!listener) return listener.error();
  driver->listener_ = std::move(*listener);
  driver->listener_->accept(
      [alive = driver->alive_, mutex = driver->alive_mutex_](const ChannelPointer& channel) {
        const std::lock_guard lock(*mutex);
        if (*alive) (*alive)->on_stranger(channel);
      });
  return driver;
}

TcpDriver::~TcpDriver() {
  stop();
  {
    const std::lock_guard lock(*alive_mutex_);
    *alive_ = nullptr;
  }
  for (auto& [id, seat] : seats_) {
    seat.node.reset();
    if (seat.upstream) seat.upstream->close();
    if (seat.downstream) seat.downstream->close();
  }
}

void TcpDriver::add(NodeId id, VirtualNode::Parts parts) {
  WallNode::Hooks hooks;
  hooks.send = [this, id](Time, NodeId to, Message message) { send(id, to, std::move(message)); };
  hooks.report = [this, id](Time now, std::vector<Record> records, bool finished) {
    host_.send(to_frame(Report{id, now, std::move(records), finished}));
  };
  hooks.fail = [this](const Error& error) { fail(error); };
  seats_[id].node = std::make_unique<WallNode>(std::move(parts), std::move(hooks));
}

// Channels do not change once connected, so sending needs no lock.
void TcpDriver::send(NodeId from, NodeId to, Message message) {
  auto& seat = seats_.at(from);
  auto& channel = to.value == from.value + 1 ? seat.downstream : seat.upstream;
  MR_CHECK(channel != nullptr, "a message to a node that is no neighbour");
  channel->send(to_frame(FrameType::message, NodeMessage{from, to, std::move(message)}));
}

// The first frame of a connection says between which nodes it runs; until then nothing else is taken.
void TcpDriver::on_stranger(const ChannelPointer& channel) {
  const auto pair = std::make_shared<std::optional<std::pair<NodeId, NodeId>>>();
  channel->receive([this, alive = alive_, mutex = alive_mutex_, channel = std::weak_ptr(channel),
                    pair](Result<Frame> frame) {
    const std::lock_guard lock(*mutex);
    const auto here = channel.lock();
    if (!*alive || !here) return;
    if (*pair) return on_frame((*pair)->second, (*pair)->first, std::move(frame));
    if (!frame) return;
    std::optional<NodeMessage> known;
    if (auto admitted = admit(here, *frame, known); !admitted) {
      here->send(to_frame(admitted.error()));
      here->close();
      return;
    }
    *pair = std::pair{known->from, known->to};
  });
}

Result<void> TcpDriver::admit(const ChannelPointer& channel, const Frame& frame,
                              std::optional<NodeMessage>& known) {
  const auto hello = parse_hello(frame);
  if (!hello) return hello.error();
  if (auto fits = check_hello(*hello, identity_.release, identity_.scenario_sha256); !fits) return fits;
  const std::lock_guard lock(mutex_);
  const auto seat = seats_.find(hello->to_node);
  const bool neighbours =
      hello->to_node.value > 0 && hello->from_node.value == hello->to_node.value - 1;  // nobody precedes 0
  if (hello->sender != "peer" || seat == seats_.end() || !neighbours || seat->second.upstream) {
    return Error{fmt::format("{}: no connection from node {} to node {} is expected here", channel->peer(),
                             hello->from_node.value, hello->to_node.value)};
  }
  seat->second.upstream = channel;
  channel->open_up();
  known = NodeMessage{hello->from_node, hello->to_node, Feedback{}};
  changed_.notify_all();
  return {};
}

void TcpDriver::on_frame(NodeId here, NodeId there, Result<Frame> frame) {
  if (!frame)
    return fail(Error{fmt::format("node {} lost node {}: {}", here.value, there.value, frame.error().message),
                      ExitCode::peer_lost});
  if (frame->type == FrameType::refusal) return fail(parse_refusal(*frame));
  if (frame->type != FrameType::message)
    return fail({fmt::format("node {} sent an unexpected frame", there.value)});
  auto message = parse_message(*frame);
  if (!message) return fail(message.error());
  if (message->from != there || message->to != here) {
    return fail({fmt::format("node {} sent a message under another name", there.value)});
  }
  seats_.at(here).node->deliver(there, std::move(message->message));
}

Result<void> TcpDriver::connect(const Peers& peers, Duration timeout) {
  for (auto& [id, seat] : seats_) {
    if (id == sink_) continue;
    const NodeId next{id.value + 1};
    if (next.value >= peers.endpoints.size()) return Error{"the host named too few peers"};
    auto channel = connect_channel(loop_, peers.endpoints[next.value], timeout);
    if (!channel) return channel.error().in(fmt::format("node {} to node {}", id.value, next.value));
    (*channel)->open_up();
    (*channel)->receive([this, alive = alive_, mutex = alive_mutex_, here = id, next](Result<Frame> frame) {
      const std::lock_guard lock(*mutex);
      if (*alive) on_frame(here, next, std::move(frame));
    });
    (*channel)->send(to_frame(Hello{"peer", identity_.release, identity_.scenario_sha256, {}, id, next}));
    const std::lock_guard lock(mutex_);
    seat.downstream = std::move(*channel);
  }
  std::unique_lock lock(mutex_);
  const auto missing = [this]() -> std::optional<NodeId> {
    for (const auto& [id, seat] : seats_) {
      if (id.value > 0 && !seat.upstream) return id;
    }
    return std::nullopt;
  };
  if (!changed_.wait_for(lock, std::chrono::nanoseconds(timeout.count_ns()), [&] { return !missing(); })) {
    return Error{fmt::format("node {}: no connection from node {} in {:.1f} s", missing()->value,
                             missing()->value - 1, timeout.seconds()),
                 ExitCode::timeout};
  }
  return {};
}

void TcpDriver::start() {
  const auto zero = WallNode::Clock::now();
  for (auto& [id, seat] : seats_) seat.node->start(zero);
}

void TcpDriver::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
}

void TcpDriver::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  host_.send(to_frame(error));
}

}  // namespace millrace
