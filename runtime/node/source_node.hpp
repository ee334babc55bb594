// The source: loads images, microbatch after microbatch, and sends them as credit allows.
// Closed loop: a microbatch is created when it leaves, as fast as credits come. Open loop: it is created at
// its arrival instant, whether or not there is credit, and waits; the backlog holds instants, not images.
#pragma once

#include <cstdint>
#include <deque>

#include "runtime/base/random.hpp"
#include "runtime/node/node.hpp"
#include "runtime/node/sender.hpp"
#include "runtime/scenario/choices.hpp"

namespace millrace {

struct SourceConfig {
  NodeId downstream;
  int window = 2;
  std::uint64_t images = 0;
  std::uint32_t microbatch = 1;  // images each; the last one may be smaller
  ArrivalKind arrivals = ArrivalKind::closed_loop;
  double images_per_s = 0;  // rate, poisson
  std::uint64_t seed = 1;   // poisson
};

class SourceNode final : public Node {
 public:
  explicit SourceNode(const SourceConfig& config);
  Result<void> on_start(Time now, Outbox& out) override;
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override;
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override;
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override;

 private:
  bool closed_loop() const { return config_.arrivals == ArrivalKind::closed_loop; }
  std::uint32_t images_of(MicrobatchId microbatch) const;
  bool all_admitted() const { return admitted_ * config_.microbatch >= config_.images; }
  void schedule_arrival(Outbox& out);
  void load_next(Time now, Outbox& out);

  SourceConfig config_;
  Sender sender_;
  Random random_;
  double next_arrival_s_ = 0;   // exact sum, rounded to ns only when used
  std::uint64_t admitted_ = 0;  // microbatches that have arrived
  std::uint64_t loaded_ = 0;    // microbatches whose loading has begun
  std::deque<Time> created_;    // arrival instants of admitted microbatches not yet loaded; see kBacklog
  bool loading_ = false;
  Time loading_created_;
};

}  // namespace millrace
