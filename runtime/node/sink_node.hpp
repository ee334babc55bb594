// The sink: receives logits, has them scored, and ends the run when the last microbatch is complete.
// A microbatch is complete when it has arrived; scoring it is bookkeeping. In a new epoch microbatches may
// come again: the sink takes each once, and in order.
#pragma once

#include <optional>

#include "runtime/node/node.hpp"
#include "runtime/node/receiver.hpp"

namespace millrace {

struct SinkConfig {
  NodeId upstream;
  int window = 2;
  std::uint64_t microbatches = 0;
};

class SinkNode final : public Node {
 public:
  explicit SinkNode(const SinkConfig& config);
  Result<void> on_start(Time now, Outbox& out) override;
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override;
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override;
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override;
  Result<void> on_epoch(Time now, const EpochBegin& begin, Outbox& out) override;

 private:
  Result<void> begin_if_possible(Outbox& out);
  void score(const Receiver::Arrived& arrived, Outbox& out);

  SinkConfig config_;
  Receiver receiver_;
  std::optional<CompletionRecord> current_;
  std::uint64_t completed_ = 0;  // and so the next microbatch to take
};

}  // namespace millrace
