// A node in wall-clock time: the same node, executor and cost model as in virtual time, but `now` comes from
// a clock and messages from real connections. One thread runs the node; another one computes. With a
// profile, work takes the imitated device's time: the computing thread sleeps for the difference. Work that
// takes longer than its profile cannot be hidden: its record shows the time it took.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/node/compute_thread.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

class WallNode {
 public:
  using Clock = std::chrono::steady_clock;
  // Called on the node's thread; `fail` also on the computing thread or one that delivers. After `fail`,
  // which is called at most once, the node does nothing any more.
  struct Hooks {
    std::function<void(Time now, NodeId to, Message)> send;
    std::function<void(Time now, std::vector<Record>, bool finished)> report;
    std::function<void(Error)> fail;
  };
  // The most messages that may wait for the node; one more is a failure. Credits keep their number far below.
  static constexpr std::size_t kMaxWaiting = 4096;

  WallNode(VirtualNode::Parts parts, Hooks hooks);
  // Stops: waits for the work under way, but not for the rest of its profile's time.
  ~WallNode();
  WallNode(const WallNode&) = delete;
  WallNode& operator=(const WallNode&) = delete;

  // Time 0 of the node is `zero`. REQUIRES: called once.
  void start(Clock::time_point zero);
  // Any thread. Messages before start() wait.
  void deliver(NodeId from, Message message);

 private:
  class PacedExecutor;
  class WallOutbox;
  struct Arrived {
    NodeId from;
    Message message;
  };
  struct Computed {
    JobId job;
    Result<Outcome> outcome;
  };
  using Waiting = std::variant<Arrived, Computed, TimerId>;

  void loop();
  std::optional<TimerId> take_due_timer();
  std::optional<Waiting> wait_for_item();
  bool handle(Waiting item);
  template <class Call>
  bool run(Call call);
  void computed(JobId job, Result<Outcome> outcome);
  void fail(const Error& error);
  Time now() const { return Time::at_ns(std::chrono::nanoseconds(Clock::now() - zero_).count()); }

  VirtualNode::Parts parts_;
  Hooks hooks_;
  std::unique_ptr<PacedExecutor> paced_;
  Clock::time_point zero_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stop_ = false;
  bool failed_ = false;
  std::multimap<Time, TimerId> timers_;  // the node's thread only
  std::unique_ptr<ComputeThread> compute_;
  std::thread thread_;
};

}  // namespace millrace
