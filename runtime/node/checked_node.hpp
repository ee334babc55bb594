// A node in front of which every message is looked at: a neighbour or host that sends what belongs to no
// microbatch of the run is refused by whoever hears it first, and not taken for an honest one's result.
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
                   " images, which is none of this run, or created at no time of it"};
    }
    return node_->on_message(now, from, std::move(message), out);
  }
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override {
    return node_->on_computed(now, job, std::move(outcome), out);
  }
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override {
    return node_->on_timer(now, timer, out);
  }

 private:
  // Of one microbatch: far more than any model has, and sums of it do not overflow.
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
