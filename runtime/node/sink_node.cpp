#include "runtime/node/sink_node.hpp"

namespace millrace {

SinkNode::SinkNode(const SinkConfig& config) : config_(config), receiver_(config.upstream, config.window) {}

Result<void> SinkNode::on_start(Time, Outbox&) { return {}; }

Result<void> SinkNode::on_message(Time now, NodeId from, Message message, Outbox& out) {
  auto* activation = std::get_if<Activation>(&message);
  if (activation == nullptr) return Error{"the sink was sent feedback, but sends nothing"};
  if (auto taken = receiver_.accept(now, from, std::move(*activation)); !taken) return taken.error();
  begin_if_possible(out);
  receiver_.send_feedback(out);
  return {};
}

void SinkNode::begin_if_possible(Outbox& out) {
  if (current_ || receiver_.empty()) return;
  auto arrived = receiver_.take();
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
  begin_if_possible(out);
  receiver_.send_feedback(out);
  return {};
}

Result<void> SinkNode::on_timer(Time, TimerId, Outbox&) {
  return Error{"the sink was woken, but never asks to be"};
}

}  // namespace millrace
