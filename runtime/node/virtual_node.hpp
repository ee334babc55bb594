// A node in virtual time: node, executor and cost model, driven by turns. A turn hands the node one event and
// returns its actions and its promise: "I do nothing before this instant unless a message comes". Surprising
// fact: if the cost is known beforehand, the promise is given before the work is done; the work goes on on a
// thread of its own and is awaited only when its instant comes. So nodes compute in parallel and time stays
// exact.
#pragma once

#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "runtime/node/node.hpp"

namespace millrace {

class ComputeThread;

struct Turn {
  struct Send {
    NodeId to;
    Message message;
  };
  std::vector<Send> sends;  // in the order of the node's requests, all at the event's instant
  std::vector<Record> records;
  Time promise = Time::never();
  bool finished = false;
};

// What happens to a node in virtual time.
struct Event {
  // A source or sink is told of an epoch, or of what is confirmed; stages are not. When a device hangs,
  // nothing happens on it for a while.
  enum class Kind : std::uint8_t { start, message, wake, epoch, confirmed, hang };
  Kind kind = Kind::start;
  Time now;
  NodeId from{};        // message
  Message message{};    // message
  EpochBegin begin{};   // epoch
  MicrobatchId next{};  // confirmed
  Time until{};         // hang
};

class VirtualNode {
 public:
  struct Parts {
    std::unique_ptr<Node> node;
    std::unique_ptr<Executor> executor;
    std::unique_ptr<CostModel> cost;
  };
  enum class Compute { inline_, on_thread };

  VirtualNode(Parts parts, Compute compute);
  ~VirtualNode();
  VirtualNode(const VirtualNode&) = delete;
  VirtualNode& operator=(const VirtualNode&) = delete;

  Result<Turn> start();
  // REQUIRES of the coordinator that `now` is between the last event and the promise, both included; else an
  // error.
  Result<Turn> deliver(Time now, NodeId from, Message message);
  // Runs the first event due at `now`. REQUIRES of the coordinator that `now` is the promise; else an error.
  Result<Turn> wake(Time now);
  Result<Turn> begin(Time now, const EpochBegin& begin);
  Result<Turn> confirm(Time now, MicrobatchId next);
  // What is due before `until` will be due then, in its order.
  Result<Turn> hang(Time now, Time until);
  // One of these.
  Result<Turn> take(Event event);

 private:
  class TurnOutbox;
  struct Due {
    Time at;
    std::uint64_t order;           // at equal instants: first requested, first run
    std::optional<TimerId> timer;  // else the job
    JobId job;
    bool operator>(const Due& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  Result<void> check(Time now, const char* what) const;
  Result<void> begin_job(Time now, JobId job, Work work);
  Result<void> schedule(Time now, JobId job);
  Result<Outcome> take_outcome();
  template <class Call>
  Result<Turn> run(Time now, Call call);
  Result<void> close(Time now, TurnOutbox& outbox);

  Parts parts_;
  std::unique_ptr<ComputeThread> thread_;  // null when computing inline
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t order_ = 0;
  std::optional<Time> last_;  // instant of the last event; nothing before start()
  std::optional<Result<Outcome>> inline_outcome_;
  std::optional<WorkCost> planned_;
  bool job_under_way_ = false;
};

}  // namespace millrace
