#include "runtime/node/sender.hpp"

#include <fmt/format.h>

namespace millrace {

Sender::Sender(NodeId to, int window)
    : to_(to), window_(window), credits_(window), ready_(static_cast<std::size_t>(window)) {}

void Sender::push(Time now, Activation activation, OnSent on_sent, Outbox& out) {
  MR_CHECK(ready_.try_push({std::move(activation), std::move(on_sent)}), "push() to a full sender");
  flush(now, out);
}

void Sender::flush(Time now, Outbox& out) {
  while (credits_ > 0 && !ready_.empty()) {
    auto item = ready_.pop();
    --credits_;
    if (item.on_sent) item.on_sent(now, item.activation, out);
    unacknowledged_.push_back({.to = to_,
                               .microbatch = item.activation.microbatch,
                               .sent = now,
                               .acknowledged = {},
                               .size = item.activation.payload.size,
                               .values = item.activation.values,
                               .images = item.activation.images});
    out.send(to_, std::move(item.activation));
  }
}

Result<void> Sender::on_feedback(Time now, const Feedback& feedback, Outbox& out) {
  if (feedback.acknowledged) {
    if (unacknowledged_.empty() || unacknowledged_.front().microbatch != *feedback.acknowledged) {
      return Error{fmt::format(
          "the node after it acknowledged microbatch {}, which was not the next one to acknowledge",
          feedback.acknowledged->value)};
    }
    sample_ = unacknowledged_.front();
    sample_->acknowledged = now;
    unacknowledged_.pop_front();
    out.record(*sample_);
  }
  // An unacknowledged activation cannot have been taken, so unacknowledged_ never grows beyond the window.
  const int owed = window_ - credits_ - static_cast<int>(unacknowledged_.size());
  if (feedback.credits > static_cast<std::uint32_t>(owed)) {
    return Error{
        fmt::format("the node after it granted {} credits while {} of {} were unused and {} activations "
                    "unacknowledged",
                    feedback.credits, credits_, window_, unacknowledged_.size())};
  }
  credits_ += static_cast<int>(feedback.credits);
  flush(now, out);
  return {};
}

SenderState Sender::state() const {
  SenderState state;
  state.in_flight = static_cast<std::uint32_t>(unacknowledged_.size());
  for (const auto& sample : unacknowledged_) state.in_flight_size += sample.size;
  if (!unacknowledged_.empty()) state.oldest_sent = unacknowledged_.front().sent;
  state.ready = static_cast<std::uint32_t>(ready_.size());
  for (std::size_t i = 0; i < ready_.size(); ++i) state.ready_size += ready_[i].activation.payload.size;
  return state;
}

std::optional<LinkSample> Sender::take_sample() { return std::exchange(sample_, std::nullopt); }

}  // namespace millrace
