// A stage: takes activations in order, computes, asks its policy for bits, encodes, sends. It does one piece
// of work at a time and handles acknowledgements and credits meanwhile. It does not begin a microbatch
// before there is room for its result.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/node/node.hpp"
#include "runtime/node/receiver.hpp"
#include "runtime/node/sender.hpp"
#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

struct StageConfig {
  NodeId upstream, downstream;
  int window = 2;
  std::uint64_t values_per_image = 0;  // float values that one image sends downstream; for policies
  Receiver::Begin begin = Receiver::Begin::at_zero;  // where its epoch begins
};

class StageNode final : public Node {
 public:
  // `policy` may be null: the budget is then 32 bits (a last stage, whose logits are never quantized).
  StageNode(const StageConfig& config, std::unique_ptr<QuantizationPolicy> policy);
  Result<void> on_start(Time now, Outbox& out) override;
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override;
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override;
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override;

 private:
  struct Current {
    Activation activation;  // without its payload once computing has begun
    StageRecord record;
    bool encoding = false;
  };
  void begin_if_possible(Time now, Outbox& out);
  void begin_encoding(Time now, const WorkCost& cost, Outbox& out);
  Budget decide(Time now, const StageRecord& record, Outbox& out);
  void send_result(Time now, Outcome outcome, Outbox& out);

  StageConfig config_;
  std::unique_ptr<QuantizationPolicy> policy_;
  Receiver receiver_;
  Sender sender_;
  std::optional<Current> current_;
  std::uint64_t jobs_ = 0;
  double observed_mbit_per_s_ = 0;
  std::vector<LinkSample> seen_;  // since the previous decision
  Duration encode_;               // duration of the previous encoding
};

}  // namespace millrace
