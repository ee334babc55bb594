#include "runtime/node/wall_node.hpp"

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
    const WorkCost price = planned ? *planned : cost_.charged(work, outcome->measured);
    const auto due = begin + std::chrono::nanoseconds(price.total().count_ns());
    if (Clock::now() <= due) {
      std::this_thread::sleep_until(due);
      outcome->measured = price;
    }
    return outcome;
  }

 private:
  Executor& executor_;
  const CostModel& cost_;
};

class WallNode::WallOutbox final : public Outbox {
 public:
  explicit WallOutbox(WallNode& node) : node_(node) {}
  void send(NodeId to, Message message) override { node_.hooks_.send(to, std::move(message)); }
  void compute(JobId job, Work work) override {
    node_.compute_->begin(std::move(work), [&node = node_, job](Result<Outcome> outcome) {
      {
        const std::lock_guard lock(node.mutex_);
        node.waiting_.push_back(Computed{job, std::move(outcome)});
      }
      node.changed_.notify_all();
    });
  }
  void wake_at(Time when, TimerId timer) override { node_.timers_.emplace(when, timer); }
  void record(Record record) override { records_.push_back(std::move(record)); }
  void finish() override { finished_ = true; }

  WallNode& node_;
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
  compute_.reset();
}

void WallNode::start(Clock::time_point zero) {
  zero_ = zero;
  thread_ = std::thread([this] { loop(); });
}

void WallNode::deliver(NodeId from, Message message) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) return;  // the node hears of the gap: microbatches come in order
    waiting_.push_back(Arrived{from, std::move(message)});
  }
  changed_.notify_all();
}

bool WallNode::close(const Result<void>& done, Time now, WallOutbox& outbox) {
  if (!outbox.records_.empty() || outbox.finished_) {
    hooks_.report(now, std::move(outbox.records_), outbox.finished_);
  }
  if (!done) hooks_.fail(done.error());
  return done.ok();
}

bool WallNode::handle(Waiting item) {
  WallOutbox outbox(*this);
  const Time at = now();
  if (auto* arrived = std::get_if<Arrived>(&item)) {
    return close(parts_.node->on_message(at, arrived->from, std::move(arrived->message), outbox), at, outbox);
  }
  auto& computed = std::get<Computed>(item);
  if (!computed.outcome) return close(computed.outcome.error(), at, outbox);
  return close(parts_.node->on_computed(at, computed.job, std::move(*computed.outcome), outbox), at, outbox);
}

bool WallNode::run_timers() {
  while (!timers_.empty() && timers_.begin()->first <= now()) {
    const auto timer = timers_.begin()->second;
    timers_.erase(timers_.begin());
    WallOutbox outbox(*this);
    const Time at = now();
    if (!close(parts_.node->on_timer(at, timer, outbox), at, outbox)) return false;
  }
  return true;
}

void WallNode::loop() {
  {
    WallOutbox outbox(*this);
    const Time at = now();
    if (!close(parts_.node->on_start(at, outbox), at, outbox)) return;
  }
  for (;;) {
    if (!run_timers()) return;
    std::unique_lock lock(mutex_);
    const auto something = [this] { return stop_ || !waiting_.empty(); };
    if (timers_.empty()) {
      changed_.wait(lock, something);
    } else {
      changed_.wait_until(lock, zero_ + std::chrono::nanoseconds(timers_.begin()->first.count_ns()),
                          something);
    }
    if (stop_) return;
    if (waiting_.empty()) continue;
    auto item = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    if (!handle(std::move(item))) return;
  }
}

}  // namespace millrace
