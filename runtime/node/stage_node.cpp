#include "runtime/node/stage_node.hpp"

#include <utility>

namespace millrace {

StageNode::StageNode(const StageConfig& config, std::unique_ptr<QuantizationPolicy> policy)
    : config_(config),
      policy_(std::move(policy)),
      receiver_(config.upstream, config.window, config.begin),
      sender_(config.downstream, config.window) {}

Result<void> StageNode::on_start(Time, Outbox&) { return {}; }

Result<void> StageNode::on_message(Time now, NodeId from, Message message, Outbox& out) {
  if (auto* activation = std::get_if<Activation>(&message)) {
    if (auto taken = receiver_.accept(now, from, std::move(*activation)); !taken) return taken.error();
    begin_if_possible(now, out);
    receiver_.send_feedback(out);
    return {};
  }
  if (from != config_.downstream) {
    return Error{"feedback came from another node than the one after it, which receives nothing from here"};
  }
  if (auto done = sender_.on_feedback(now, std::get<Feedback>(message), out); !done) return done.error();
  if (const auto sample = sender_.take_sample()) {
    const auto seconds = (sample->acknowledged - sample->sent).seconds();
    if (seconds > 0) observed_mbit_per_s_ = static_cast<double>(sample->size.bits()) * 1e-6 / seconds;
    if (policy_) {
      policy_->observe(*sample);
      seen_.push_back(*sample);  // bounded: only activations in flight or ready, until the next decision
      MR_CHECK(seen_.size() <= DecisionRecord::kMaxSeen);
    }
  }
  begin_if_possible(now, out);
  receiver_.send_feedback(out);
  return {};
}

void StageNode::begin_if_possible(Time now, Outbox& out) {
  if (current_ || receiver_.empty() || sender_.full()) return;
  auto arrived = receiver_.take();
  auto input = std::move(arrived.activation.payload);
  arrived.activation.payload = {};
  StageRecord record;
  record.microbatch = arrived.activation.microbatch;
  record.images = arrived.activation.images;
  record.arrived = arrived.at;
  record.started = now;
  const Work work{.kind = WorkKind::forward,
                  .microbatch = record.microbatch,
                  .first_image = arrived.activation.first_image,
                  .images = record.images,
                  .input = std::move(input),
                  .budget = {}};
  current_ = Current{std::move(arrived.activation), record};
  out.compute(JobId{jobs_++}, work);
}

Result<void> StageNode::on_computed(Time now, JobId, Outcome outcome, Outbox& out) {
  MR_CHECK(current_.has_value(), "a result without work");
  if (!current_->encoding) {
    begin_encoding(now, outcome.measured, out);
  } else {
    send_result(now, std::move(outcome), out);
    begin_if_possible(now, out);
    receiver_.send_feedback(out);
  }
  return {};
}

void StageNode::begin_encoding(Time now, const WorkCost& cost, Outbox& out) {
  auto& record = current_->record;
  record.computed = now;
  record.cost = cost;
  current_->encoding = true;
  const Budget budget = policy_ ? decide(now, record, out) : Budget{};
  out.compute(JobId{jobs_++}, Work{.kind = WorkKind::encode,
                                   .microbatch = record.microbatch,
                                   .first_image = current_->activation.first_image,
                                   .images = record.images,
                                   .input = {},
                                   .budget = budget});
}

Budget StageNode::decide(Time now, const StageRecord& record, Outbox& out) {
  const Outgoing outgoing{.microbatch = record.microbatch,
                          .images = record.images,
                          .values = config_.values_per_image * record.images,
                          .encode = encode_,
                          .waiting = static_cast<std::uint32_t>(receiver_.size()),
                          .sender = sender_.state()};
  const Budget budget = policy_->choose(now, outgoing);
  out.record(DecisionRecord{.to = config_.downstream,
                            .policy = std::string(policy_->name()),
                            .bits_per_value = budget.bits_per_value,
                            .observed_mbit_per_s = observed_mbit_per_s_,
                            .outgoing = outgoing,
                            .seen = std::exchange(seen_, {})});
  return budget;
}

void StageNode::send_result(Time now, Outcome outcome, Outbox& out) {
  auto activation = std::move(current_->activation);
  auto record = current_->record;
  current_.reset();
  record.encoded = now;
  record.cost.encode = encode_ = outcome.measured.encode;
  record.bit_width = outcome.bit_width;
  record.values = outcome.values;
  record.payload = outcome.output.size;
  activation.values = outcome.values;
  activation.payload = std::move(outcome.output);
  const auto on_sent = [record](Time sent, Activation&, Outbox& then) mutable {
    record.sent = sent;
    then.record(record);
  };
  sender_.push(now, std::move(activation), on_sent, out);
}

Result<void> StageNode::on_timer(Time, TimerId, Outbox&) {
  return Error{"a stage was woken, but never asks to be"};
}

}  // namespace millrace
