#include "runtime/node/receiver.hpp"

#include <fmt/format.h>

namespace millrace {

Receiver::Receiver(NodeId from, int window, Begin begin)
    : from_(from), queue_(static_cast<std::size_t>(window)) {
  if (begin == Begin::at_zero) expected_ = MicrobatchId{0};
}

Result<void> Receiver::accept(Time now, NodeId from, Activation activation) {
  if (from != from_) return Error{"an activation came from another node than the one before it"};
  if (expected_ && activation.microbatch != *expected_) {
    return Error{fmt::format(
        "the node before it sent microbatch {}, expected {}: microbatches come in order, each once",
        activation.microbatch.value, expected_->value)};
  }
  if (activation.images == 0) return Error{"the node before it sent a microbatch without images"};
  const auto microbatch = activation.microbatch;
  if (!queue_.try_push({now, std::move(activation)})) {
    return Error{fmt::format("the node before it sent microbatch {} beyond its window of {}",
                             microbatch.value, queue_.limit())};
  }
  expected_ = MicrobatchId{microbatch.value + 1};
  unacknowledged_ = microbatch;
  return {};
}

Receiver::Arrived Receiver::take() {
  ++ungranted_;
  return queue_.pop();
}

void Receiver::send_feedback(Outbox& out) {
  if (!unacknowledged_ && ungranted_ == 0) return;
  out.send(from_, Feedback{std::exchange(unacknowledged_, std::nullopt), std::exchange(ungranted_, 0U)});
}

}  // namespace millrace
