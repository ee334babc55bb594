#include "runtime/node/virtual_node.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/node/compute_thread.hpp"
#include "runtime/node/guard.hpp"

namespace millrace {

// Collects a turn's actions; jobs and timers, which need the node's own queue, are begun when the turn
// closes.
class VirtualNode::TurnOutbox final : public Outbox {
 public:
  explicit TurnOutbox(Turn& turn) : turn_(turn) {}
  void send(NodeId to, Message message) override { turn_.sends.push_back({to, std::move(message)}); }
  void compute(JobId job, Work work) override {
    MR_CHECK(!job_, "two jobs in one event");
    job_ = std::pair{job, std::move(work)};
  }
  void wake_at(Time when, TimerId timer) override { timers_.emplace_back(when, timer); }
  void record(Record record) override { turn_.records.push_back(std::move(record)); }
  void finish() override { turn_.finished = true; }

  Turn& turn_;
  std::optional<std::pair<JobId, Work>> job_;
  std::vector<std::pair<Time, TimerId>> timers_;
};

VirtualNode::VirtualNode(Parts parts, Compute compute)
    : parts_(std::move(parts)),
      thread_(compute == Compute::on_thread ? std::make_unique<ComputeThread>(*parts_.executor) : nullptr) {}

VirtualNode::~VirtualNode() = default;

// Handles one event: the node's reaction, and the actions that it requests.
template <class Call>
Result<Turn> VirtualNode::run(Time now, Call call) {
  last_ = now;
  return guarded("a node's reaction", [&]() -> Result<Turn> {
    Turn turn;
    TurnOutbox outbox(turn);
    if (auto done = call(outbox); !done) return done.error();
    if (auto closed = close(now, outbox); !closed) return closed.error();
    return turn;
  });
}

Result<Turn> VirtualNode::start() {
  if (last_) return Error{"a node was started twice"};
  return run(Time::zero(), [&](Outbox& out) { return parts_.node->on_start(Time::zero(), out); });
}

Result<void> VirtualNode::check(Time now, const char* what) const {
  if (last_ && now >= *last_ && (due_.empty() || now <= due_.top().at)) return {};
  return Error{fmt::format("{} came at {} ns, which is not between the node's last event and its promise",
                           what, now.count_ns())};
}

Result<Turn> VirtualNode::deliver(Time now, NodeId from, Message message) {
  if (auto timely = check(now, "a message"); !timely) return timely.error();
  return run(now, [&](Outbox& out) { return parts_.node->on_message(now, from, std::move(message), out); });
}

Result<Turn> VirtualNode::wake(Time now) {
  if (due_.empty() || due_.top().at != now) {
    return Error{fmt::format("a node was woken at {} ns, but promised nothing for then", now.count_ns())};
  }
  const Due due = due_.top();
  due_.pop();
  if (due.timer) return run(now, [&](Outbox& out) { return parts_.node->on_timer(now, *due.timer, out); });
  auto outcome = take_outcome();
  if (!outcome) return outcome.error();
  return run(now,
             [&](Outbox& out) { return parts_.node->on_computed(now, due.job, std::move(*outcome), out); });
}

Result<Turn> VirtualNode::begin(Time now, const EpochBegin& begin) {
  if (auto timely = check(now, "an epoch"); !timely) return timely.error();
  return run(now, [&](Outbox& out) { return parts_.node->on_epoch(now, begin, out); });
}

Result<Turn> VirtualNode::confirm(Time now, MicrobatchId next) {
  if (auto timely = check(now, "a confirmation"); !timely) return timely.error();
  return run(now, [&](Outbox& out) { return parts_.node->on_confirmed(now, next, out); });
}

Result<Turn> VirtualNode::hang(Time now, Time until) {
  if (auto timely = check(now, "a hang"); !timely) return timely.error();
  decltype(due_) later;
  for (; !due_.empty(); due_.pop())
    later.push({std::max(due_.top().at, until), order_++, due_.top().timer, due_.top().job});
  due_ = std::move(later);
  return run(now, [](Outbox&) { return Result<void>(); });
}

Result<Turn> VirtualNode::take(Event event) {
  switch (event.kind) {
    case Event::Kind::start:
      return start();
    case Event::Kind::message:
      return deliver(event.now, event.from, std::move(event.message));
    case Event::Kind::wake:
      return wake(event.now);
    case Event::Kind::epoch:
      return begin(event.now, event.begin);
    case Event::Kind::confirmed:
      return confirm(event.now, event.next);
    case Event::Kind::hang:
      return hang(event.now, event.until);
  }
  return Error{"an event of unknown kind"};
}

Result<void> VirtualNode::close(Time now, TurnOutbox& outbox) {
  for (const auto& [when, timer] : outbox.timers_) {
    MR_CHECK(when >= now, "a timer in the past");
    due_.push({when, order_++, timer, {}});
  }
  if (outbox.job_) {
    if (auto begun = begin_job(now, outbox.job_->first, std::move(outbox.job_->second)); !begun)
      return begun.error();
  }
  outbox.turn_.promise = due_.empty() ? Time::never() : due_.top().at;
  return {};
}

Result<void> VirtualNode::schedule(Time now, JobId job) {
  if (planned_->total() > Time::never() - now)
    return Error{"the work would end beyond what the clock holds, 292 years; give the device a higher speed"};
  due_.push({now + planned_->total(), order_++, std::nullopt, job});
  return {};
}

// With a known cost the job's end is known now; else the job has to be done first.
Result<void> VirtualNode::begin_job(Time now, JobId job, Work work) {
  MR_CHECK(!job_under_way_, "a node computes one thing at a time");
  job_under_way_ = true;
  planned_ = parts_.cost->planned(work);
  if (thread_ && planned_) {
    thread_->begin(std::move(work));
    return schedule(now, job);
  }
  if (thread_) {
    thread_->begin(work);
    inline_outcome_ = thread_->wait();
  } else {
    inline_outcome_ = run_guarded(*parts_.executor, work);
  }
  if (!*inline_outcome_) return inline_outcome_->error();
  if (!planned_) planned_ = parts_.cost->charged((**inline_outcome_).measured);
  return schedule(now, job);
}

Result<Outcome> VirtualNode::take_outcome() {
  Result<Outcome> outcome = inline_outcome_ ? std::move(*inline_outcome_) : thread_->wait();
  inline_outcome_.reset();
  job_under_way_ = false;
  if (outcome) outcome->measured = *planned_;  // the node is told the charged price
  return outcome;
}

}  // namespace millrace
