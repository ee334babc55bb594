#include "runtime/node/wall_node.hpp"

#include <fmt/format.h>

#include "runtime/node/guard.hpp"

namespace millrace {

// Takes as long as the cost model says, unless the work itself takes longer.
class WallNode::PacedExecutor final : public Executor {
 public:
  PacedExecutor(Executor& executor, const CostModel& cost) : executor_(executor), cost_(cost) {}

  Result<Outcome> run(const Work& work) override {
    const auto begin = Clock::now();
    auto outcome = executor_.run(work);
    if (!outcome) return outcome;
    const auto planned = cost_.planned(work);
    const WorkCost price = planned ? *planned : cost_.charged(outcome->measured);
    const auto due = begin + std::chrono::nanoseconds(price.total().count_ns());
    if (Clock::now() <= due) {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, due, [this] { return awake_; });
      outcome->measured = price;
    }
    return outcome;
  }

  // The run is over: ends the wait for the price's remainder.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      awake_ = true;
    }
    changed_.notify_all();
  }

 private:
  Executor& executor_;
  const CostModel& cost_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = false;
};

class WallNode::WallOutbox final : public Outbox {
 public:
  WallOutbox(WallNode& node, Time now) : node_(node), now_(now) {}
  void send(NodeId to, Message message) override { node_.hooks_.send(now_, to, std::move(message)); }
  void compute(JobId job, Work work) override {
    node_.compute_->begin(std::move(work), [&node = node_, job](Result<Outcome> outcome) {
      node.computed(job, std::move(outcome));
    });
  }
  void wake_at(Time when, TimerId timer) override { node_.timers_.emplace(when, timer); }
  void record(Record record) override { records_.push_back(std::move(record)); }
  void finish() override { finished_ = true; }

  WallNode& node_;
  Time now_;
  std::vector<Record> records_;
  bool finished_ = false;
};

WallNode::WallNode(VirtualNode::Parts parts, Hooks hooks)
    : parts_(std::move(parts)),
      hooks_(std::move(hooks)),
      paced_(std::make_unique<PacedExecutor>(*parts_.executor, *parts_.cost)),
      compute_(std::make_unique<ComputeThread>(*paced_)) {}

WallNode::~WallNode() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  paced_->wake();
  compute_.reset();
}

void WallNode::start(Clock::time_point zero) {
  zero_ = zero;
  thread_ = std::thread([this] { loop(); });
}

void WallNode::deliver(NodeId from, Message message) {
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    taken = waiting_.size() < kMaxWaiting;
    if (taken) waiting_.push_back(Arrived{from, std::move(message)});
  }
  changed_.notify_all();
  if (!taken) {
    fail({fmt::format("its neighbours send more than fits: {} messages wait already", kMaxWaiting)});
  }
}

// Runs on the computing thread, which no exception may leave.
void WallNode::computed(JobId job, Result<Outcome> outcome) {
  const auto handed_over = guarded("handing over what was computed", [&]() -> Result<void> {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(Computed{job, std::move(outcome)});
    return {};
  });
  changed_.notify_all();
  if (!handed_over) fail(handed_over.error());
}

void WallNode::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failed_, true)) return;
  }
  changed_.notify_all();
  hooks_.fail(error);
}

// Handles one event of the node. False if the node has failed, so that this event was the last.
template <class Call>
bool WallNode::run(Call call) {
  const Time at = now();
  WallOutbox outbox(*this, at);
  const auto done = guarded("a node's reaction", [&] { return call(at, outbox); });
  if (!outbox.records_.empty() || outbox.finished_) {
    hooks_.report(at, std::move(outbox.records_), outbox.finished_);
  }
  if (!done) fail(done.error());
  return done.ok();
}

bool WallNode::handle(Waiting item) {
  auto& node = *parts_.node;
  if (const auto* timer = std::get_if<TimerId>(&item)) {
    return run([&](Time at, Outbox& out) { return node.on_timer(at, *timer, out); });
  }
  if (auto* arrived = std::get_if<Arrived>(&item)) {
    return run([&](Time at, Outbox& out) {
      return node.on_message(at, arrived->from, std::move(arrived->message), out);
    });
  }
  auto& computed = std::get<Computed>(item);
  return run([&](Time at, Outbox& out) -> Result<void> {
    if (!computed.outcome) return computed.outcome.error();
    return node.on_computed(at, computed.job, std::move(*computed.outcome), out);
  });
}

std::optional<TimerId> WallNode::take_due_timer() {
  if (timers_.empty() || timers_.begin()->first > now()) return std::nullopt;
  const auto timer = timers_.begin()->second;
  timers_.erase(timers_.begin());
  return timer;
}

// Timers that are due come first. Returns nothing if the node is to stop.
std::optional<WallNode::Waiting> WallNode::wait_for_item() {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stop_ || failed_ || !waiting_.empty(); };
  for (;;) {
    if (stop_ || failed_) return std::nullopt;
    if (const auto timer = take_due_timer()) return *timer;
    if (!waiting_.empty()) break;
    if (timers_.empty()) {
      changed_.wait(lock, something);
    } else {
      changed_.wait_until(lock, zero_ + std::chrono::nanoseconds(timers_.begin()->first.count_ns()),
                          something);
    }
  }
  auto item = std::move(waiting_.front());
  waiting_.pop_front();
  return item;
}

void WallNode::loop() {
  const auto worked = guarded("a node's work", [this]() -> Result<void> {
    if (!run([&](Time at, Outbox& out) { return parts_.node->on_start(at, out); })) return {};
    while (auto item = wait_for_item()) {
      if (!handle(std::move(*item))) return {};
    }
    return {};
  });
  if (!worked) fail(worked.error());
}

}  // namespace millrace
