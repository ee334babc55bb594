#include "runtime/node/source_node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

namespace {

// Open-loop arrivals beyond this backlog end the run: the pipeline is far slower than its load.
constexpr std::size_t kBacklog = 1'000'000;

}  // namespace

SourceNode::SourceNode(const SourceConfig& config)
    : config_(config), sender_(config.downstream, config.window), random_(config.seed, "arrivals") {
  MR_CHECK(config.images > 0 && config.microbatch > 0);
  MR_CHECK(closed_loop() || config.images_per_s > 0);
}

std::uint32_t SourceNode::images_of(MicrobatchId microbatch) const {
  const std::uint64_t first = microbatch.value * config_.microbatch;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(config_.microbatch, config_.images - first));
}

Result<void> SourceNode::on_start(Time now, Outbox& out) {
  if (closed_loop()) {
    load_next(now, out);
  } else {
    schedule_arrival(out);
  }
  return {};
}

void SourceNode::schedule_arrival(Outbox& out) {
  if (all_admitted()) return;
  const double mean_s = config_.microbatch / config_.images_per_s;
  if (config_.arrivals == ArrivalKind::poisson) {
    next_arrival_s_ += mean_s * random_.exponential();
  } else {
    next_arrival_s_ = static_cast<double>(admitted_) * mean_s;
  }
  out.wake_at(Time::zero() + Duration::from_seconds(next_arrival_s_), TimerId{admitted_});
}

Result<void> SourceNode::on_timer(Time now, TimerId, Outbox& out) {
  if (created_.size() >= kBacklog) {
    return Error{
        fmt::format("source: {} microbatches wait; the pipeline cannot follow workload.rate", kBacklog)};
  }
  ++admitted_;
  created_.push_back(now);
  schedule_arrival(out);
  load_next(now, out);
  return {};
}

void SourceNode::load_next(Time now, Outbox& out) {
  if (loading_ || sender_.full()) return;
  if (closed_loop()) {
    if (all_admitted()) return;
    ++admitted_;
    loading_created_ = now;
  } else {
    if (created_.empty()) return;
    loading_created_ = created_.front();
    created_.pop_front();
  }
  const MicrobatchId microbatch{loaded_++};
  loading_ = true;
  out.compute(JobId{microbatch.value}, Work{.kind = WorkKind::load,
                                            .microbatch = microbatch,
                                            .first_image = microbatch.value * config_.microbatch,
                                            .images = images_of(microbatch),
                                            .input = {},
                                            .budget = {}});
}

Result<void> SourceNode::on_computed(Time now, JobId job, Outcome outcome, Outbox& out) {
  loading_ = false;
  const MicrobatchId microbatch{job.value};
  Activation activation{.microbatch = microbatch,
                        .first_image = microbatch.value * config_.microbatch,
                        .images = images_of(microbatch),
                        .created = loading_created_,
                        .values = outcome.values,
                        .payload = std::move(outcome.output)};
  const auto stamp = [this](Time sent, Activation& leaving, Outbox&) {
    if (closed_loop()) leaving.created = sent;
  };
  sender_.push(now, std::move(activation), stamp, out);
  load_next(now, out);
  return {};
}

Result<void> SourceNode::on_message(Time now, NodeId from, Message message, Outbox& out) {
  const auto* feedback = std::get_if<Feedback>(&message);
  if (feedback == nullptr || from != config_.downstream) {
    return Error{"source: what came is not the feedback of the node after it"};
  }
  if (auto done = sender_.on_feedback(now, *feedback, out); !done) return done.error().in("source");
  load_next(now, out);
  return {};
}

}  // namespace millrace
