#include "runtime/net/inbox.hpp"

#include <fmt/format.h>

#include <chrono>

namespace millrace {

std::shared_ptr<Inbox> Inbox::of(FrameChannel& channel) {
  auto inbox = std::make_shared<Inbox>();
  channel.receive([inbox](Result<Frame> frame) { inbox->push(std::move(frame)); });
  return inbox;
}

void Inbox::push(Result<Frame> frame) {
  {
    const std::lock_guard lock(mutex_);
    if (next_) return next_(std::move(frame));
    ++heard_;
    if (!frame) {
      lost_ = frame.error();
    } else if (frame->type != FrameType::heartbeat) {
      unread_bytes_ += frame->size().count();
      if (frames_.size() >= kLimit || unread_bytes_ > kLimitBytes)
        lost_ = Error{"it sends more frames than it is asked for", ExitCode::peer_lost};
      if (!lost_) frames_.push_back(std::move(*frame));
    }
  }
  changed_.notify_all();
}

void Inbox::pass_on(FrameChannel::Handler next) {
  const std::lock_guard lock(mutex_);
  next_ = std::move(next);
  for (auto& frame : frames_) next_(std::move(frame));
  frames_.clear();
  unread_bytes_ = 0;
  if (lost_) next_(*lost_);
}

Result<Frame> Inbox::next(Duration silence, const std::string& who) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::nanoseconds(silence.count_ns());
  while (frames_.empty()) {
    if (lost_) return lost_->in(who);
    const auto heard = heard_;
    if (!changed_.wait_for(lock, deadline, [&] { return heard_ != heard; })) {
      return Error{fmt::format("{}: silent for {:.1f} s", who, silence.seconds()), ExitCode::timeout};
    }
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  unread_bytes_ -= frame.size().count();
  return frame;
}

bool Inbox::disturbed() const {
  const std::lock_guard lock(mutex_);
  return lost_ || !frames_.empty();
}

Result<Frame> Inbox::expect(FrameType expected, Duration silence, const std::string& who) {
  auto frame = next(silence, who);
  if (!frame) return frame;
  if (frame->type == FrameType::refusal) return parse_refusal(*frame).in(who);
  if (frame->type == FrameType::stop && expected != FrameType::stop)
    return Error{who + ": ended the run before it began"};
  if (frame->type != expected) {
    return Error{fmt::format("{}: sent a frame of type {} where type {} was expected", who,
                             static_cast<int>(frame->type), static_cast<int>(expected))};
  }
  return frame;
}

}  // namespace millrace
