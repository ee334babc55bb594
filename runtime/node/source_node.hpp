// The source: loads images, microbatch after microbatch, and sends them as credit allows.
// Closed loop: a microbatch is created when it leaves, as fast as credits come. Open loop: it is created at
// its arrival instant, whether or not there is credit, and waits; the backlog holds instants, not images.
// A new epoch begins with what is unconfirmed, loaded again: datasets are functions of the image's number, so
// the source remembers creation instants, not tensors.
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
  // Epochs may follow: the source remembers when what is unconfirmed was created.
  bool replays = false;
  // With so many loaded and unconfirmed the source waits for the sink.
  std::size_t most_unconfirmed = 1'000'000;
};

class SourceNode final : public Node {
 public:
  explicit SourceNode(const SourceConfig& config);
  Result<void> on_start(Time now, Outbox& out) override;
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override;
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override;
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override;
  // REQUIRES SourceConfig::replays, as does on_confirmed().
  Result<void> on_epoch(Time now, const EpochBegin& begin, Outbox& out) override;
  Result<void> on_confirmed(Time now, MicrobatchId next, Outbox& out) override;

  // Microbatches loaded at least once and not confirmed; at most SourceConfig::most_unconfirmed.
  std::size_t unconfirmed() const { return unconfirmed_.size(); }

 private:
  bool closed_loop() const { return config_.arrivals == ArrivalKind::closed_loop; }
  std::uint32_t images_of(MicrobatchId microbatch) const;
  bool all_admitted() const { return admitted_ * config_.microbatch >= config_.images; }
  void schedule_arrival(Outbox& out);
  void load_next(Time now, Outbox& out);
  bool admit_next(Time now);
  void forget_before(MicrobatchId next);
  void stamp(Time sent, Activation& leaving);

  SourceConfig config_;
  Sender sender_;
  Random random_;
  double next_arrival_s_ = 0;   // exact sum, rounded to ns only when used
  std::uint64_t admitted_ = 0;  // microbatches that have arrived
  std::uint64_t loaded_ = 0;    // microbatches whose loading has begun
  std::uint64_t next_ = 0;      // the next to load: loaded_, or less while a new epoch repeats
  std::uint64_t left_ = 0;      // microbatches that have left at least once
  std::deque<Time> created_;    // arrival instants of admitted microbatches not yet loaded; see kBacklog
  bool loading_ = false;
  bool outdated_ = false;  // what is being loaded is of an epoch that has ended
  bool waiting_ = false;   // for the nodes of a new epoch
  Time loading_created_;
  MicrobatchId confirmed_{0};
  std::deque<Time> unconfirmed_;  // replays: creation of confirmed_ .. loaded_ - 1
};

}  // namespace millrace
