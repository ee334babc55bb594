#include "runtime/node/source_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

// Takes the next microbatch that was not loaded before, if there is one.
bool SourceNode::admit_next(Time now) {
  if (unconfirmed_.size() >= config_.most_unconfirmed) return false;
  if (closed_loop()) {
    if (all_admitted()) return false;
    ++admitted_;
    loading_created_ = now;
  } else {
    if (created_.empty()) return false;
    loading_created_ = created_.front();
    created_.pop_front();
  }
  ++loaded_;
  if (config_.replays) unconfirmed_.push_back(loading_created_);
  return true;
}

void SourceNode::load_next(Time now, Outbox& out) {
  if (loading_ || waiting_ || sender_.full()) return;
  if (next_ < loaded_) {
    loading_created_ = unconfirmed_.at(next_ - confirmed_.value);
  } else if (!admit_next(now)) {
    return;
  }
  const MicrobatchId microbatch{next_++};
  loading_ = true;
  out.compute(JobId{microbatch.value}, Work{.kind = WorkKind::load,
                                            .microbatch = microbatch,
                                            .first_image = microbatch.value * config_.microbatch,
                                            .images = images_of(microbatch),
                                            .input = {},
                                            .budget = {}});
}

// Closed loop: a microbatch is created when it leaves, the first time.
void SourceNode::stamp(Time sent, Activation& leaving) {
  const auto microbatch = leaving.microbatch.value;
  if (!closed_loop() || microbatch < left_) return;
  leaving.created = sent;
  left_ = microbatch + 1;
  if (config_.replays) unconfirmed_.at(microbatch - confirmed_.value) = sent;
}

Result<void> SourceNode::on_computed(Time now, JobId job, Outcome outcome, Outbox& out) {
  loading_ = false;
  if (std::exchange(outdated_, false)) {
    load_next(now, out);
    return {};
  }
  const MicrobatchId microbatch{job.value};
  Activation activation{.microbatch = microbatch,
                        .first_image = microbatch.value * config_.microbatch,
                        .images = images_of(microbatch),
                        .created = loading_created_,
                        .values = outcome.values,
                        .payload = std::move(outcome.output)};
  sender_.push(
      now, std::move(activation), [this](Time sent, Activation& leaving, Outbox&) { stamp(sent, leaving); },
      out);
  load_next(now, out);
  return {};
}

Result<void> SourceNode::on_epoch(Time now, const EpochBegin& begin, Outbox& out) {
  MR_CHECK(config_.replays, "another epoch of a source that forgets what it sends");
  config_.downstream = begin.downstream;
  sender_ = Sender(begin.downstream, config_.window);
  outdated_ = loading_;
  waiting_ = !begin.first;
  if (waiting_) return {};
  if (*begin.first < confirmed_ || begin.first->value > loaded_)
    return Error{
        fmt::format("source: an epoch begins with microbatch {}, of which {} to {} can be sent again",
                    begin.first->value, confirmed_.value, loaded_)};
  next_ = begin.first->value;
  forget_before(*begin.first);
  load_next(now, out);
  return {};
}

Result<void> SourceNode::on_confirmed(Time now, MicrobatchId next, Outbox& out) {
  if (next.value > loaded_)
    return Error{fmt::format("source: microbatches before {} are said to be complete, of {} that were sent",
                             next.value, loaded_)};
  forget_before(next);
  load_next(now, out);
  return {};
}

// What will be sent in this epoch is kept, even if the sink has it: an epoch leaves nothing out.
void SourceNode::forget_before(MicrobatchId next) {
  const MicrobatchId end{std::min(next.value, next_)};
  for (; confirmed_ < end; ++confirmed_.value) unconfirmed_.pop_front();
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
