#include "runtime/node/sink_node.hpp"

#include <fmt/format.h>

namespace millrace {

SinkNode::SinkNode(const SinkConfig& config) : config_(config), receiver_(config.upstream, config.window) {}

Result<void> SinkNode::on_start(Time, Outbox&) { return {}; }

Result<void> SinkNode::on_message(Time now, NodeId from, Message message, Outbox& out) {
  auto* activation = std::get_if<Activation>(&message);
  if (activation == nullptr) return Error{"the sink was sent feedback, but sends nothing"};
  if (auto taken = receiver_.accept(now, from, std::move(*activation)); !taken) return taken.error();
  if (auto begun = begin_if_possible(out); !begun) return begun;
  receiver_.send_feedback(out);
  return {};
}

Result<void> SinkNode::on_epoch(Time, const EpochBegin& begin, Outbox&) {
  receiver_ = Receiver(begin.upstream, config_.window, Receiver::Begin::at_first_to_arrive);
  return {};
}

// What has been recorded and comes again, since the source could not know of it, is dropped.
Result<void> SinkNode::begin_if_possible(Outbox& out) {
  while (!current_ && !receiver_.empty()) {
    const auto arrived = receiver_.take();
    const auto microbatch = arrived.activation.microbatch.value;
    if (microbatch < completed_) continue;
    if (microbatch > completed_)
      return Error{fmt::format("microbatch {} came to the sink, which has not had microbatch {}", microbatch,
                               completed_)};
    score(arrived, out);
  }
  return {};
}

void SinkNode::score(const Receiver::Arrived& arrived, Outbox& out) {
  const auto& activation = arrived.activation;
  current_ = CompletionRecord{.microbatch = activation.microbatch,
                              .images = activation.images,
                              .created = activation.created,
                              .completed = arrived.at,
                              .outputs = {}};
  out.compute(JobId{activation.microbatch.value}, Work{.kind = WorkKind::score,
                                                       .microbatch = activation.microbatch,
                                                       .first_image = activation.first_image,
                                                       .images = activation.images,
                                                       .input = activation.payload,
                                                       .budget = {}});
}

Result<void> SinkNode::on_computed(Time, JobId, Outcome outcome, Outbox& out) {
  MR_CHECK(current_.has_value(), "a result without work");
  current_->outputs = std::move(outcome.outputs);
  out.record(std::move(*current_));
  current_.reset();
  if (++completed_ == config_.microbatches) {
    out.finish();
    return {};
  }
  if (auto begun = begin_if_possible(out); !begun) return begun;
  receiver_.send_feedback(out);
  return {};
}

Result<void> SinkNode::on_timer(Time, TimerId, Outbox&) {
  return Error{"the sink was woken, but never asks to be"};
}

}  // namespace millrace
