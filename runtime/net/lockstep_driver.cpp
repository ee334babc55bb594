#include "runtime/net/lockstep_driver.hpp"

#include <fmt/format.h>

#include "runtime/node/guard.hpp"

namespace millrace {

class LockstepDriver::Seat {
 public:
  Seat(FrameChannel& host, NodeId node, VirtualNode::Parts parts)
      : host_(host),
        id_(node),
        node_(std::move(parts), VirtualNode::Compute::on_thread),
        thread_([this] { loop(); }) {}
  ~Seat() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  bool hand_over(Event event) {
    {
      const std::lock_guard lock(mutex_);
      if (busy_) return false;
      busy_ = true;
      event_ = std::move(event);
    }
    changed_.notify_all();
    return true;
  }

 private:
  void loop() {
    const auto worked = guarded("a node's work", [this]() -> Result<void> {
      take_turns();
      return {};
    });
    if (!worked) host_.send(to_frame(worked.error()));
  }

  void take_turns() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || event_; });
      if (stop_) return;
      Event event = std::move(*event_);
      event_.reset();
      lock.unlock();
      auto turn = node_.take(std::move(event));
      lock.lock();
      busy_ = false;  // before the answer: the host may send the next event as soon as it has it
      lock.unlock();
      answer(std::move(turn));
      lock.lock();
    }
  }

  void answer(Result<Turn> turn) {
    if (!turn) return host_.send(to_frame(turn.error()));
    for (auto& sent : turn->sends)
      host_.send(to_frame(FrameType::send, NodeMessage{id_, sent.to, std::move(sent.message)}));
    turn->sends.clear();
    host_.send(to_frame(NodeTurn{id_, std::move(*turn)}));
  }

  FrameChannel& host_;
  NodeId id_;
  VirtualNode node_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Event> event_;
  bool busy_ = false;  // from taking an event until its turn is over
  bool stop_ = false;
  std::thread thread_;
};

LockstepDriver::LockstepDriver(FrameChannel& host, std::map<NodeId, VirtualNode::Parts>&& parts) {
  for (auto& [node, part] : parts) seats_.emplace(node, std::make_unique<Seat>(host, node, std::move(part)));
}

LockstepDriver::~LockstepDriver() = default;

Result<void> LockstepDriver::on_frame(const Frame& frame) {
  auto event = parse_event(frame);
  if (!event) return event.error();
  const auto seat = seats_.find(event->node);
  if (seat == seats_.end())
    return Error{fmt::format("the host sent an event for node {}, which is not here", event->node.value)};
  if (!seat->second->hand_over(std::move(event->event))) {
    return Error{
        fmt::format("the host sent node {} an event before its last turn was over", event->node.value)};
  }
  return {};
}

}  // namespace millrace
