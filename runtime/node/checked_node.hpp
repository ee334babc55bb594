// Checks every activation before the node behind it gets it: one that is not of a microbatch of the run is
// refused by the first node that receives it, so that it cannot pass for the result of an honest peer.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "runtime/node/node.hpp"

namespace millrace {

class CheckedNode final : public Node {
 public:
  // REQUIRES both numbers > 0.
  struct Run {
    std::uint64_t images = 0, microbatch = 0;
  };
  CheckedNode(std::unique_ptr<Node> node, Run run) : node_(std::move(node)), run_(run) {}

  Result<void> on_start(Time now, Outbox& out) override { return node_->on_start(now, out); }
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override {
    if (const auto* activation = std::get_if<Activation>(&message); activation && !belongs(*activation)) {
      return Error{"node " + std::to_string(from.value) + " sent microbatch " +
                   std::to_string(activation->microbatch.value) + " of " +
                   std::to_string(activation->images) +
                   " images, which does not belong to this run or has an impossible creation time"};
    }
    return node_->on_message(now, from, std::move(message), out);
  }
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override {
    return node_->on_computed(now, job, std::move(outcome), out);
  }
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override {
    return node_->on_timer(now, timer, out);
  }
  Result<void> on_epoch(Time now, const EpochBegin& begin, Outbox& out) override {
    return node_->on_epoch(now, begin, out);
  }
  Result<void> on_confirmed(Time now, MicrobatchId next, Outbox& out) override {
    return node_->on_confirmed(now, next, out);
  }

 private:
  // Values of one microbatch: far more than any model has, and sums of them do not overflow.
  static constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 40;
  static constexpr Time kEnd = Time::at_ns(std::int64_t{1} << 60);

  bool belongs(const Activation& activation) const {
    if (activation.microbatch.value > (run_.images - 1) / run_.microbatch) return false;
    const auto first = activation.microbatch.value * run_.microbatch;
    return activation.first_image == first && activation.values <= kMaxValues &&
           activation.images == std::min(run_.microbatch, run_.images - first) &&
           activation.created >= Time::zero() && activation.created < kEnd;
  }

  std::unique_ptr<Node> node_;
  Run run_;
};

}  // namespace millrace
