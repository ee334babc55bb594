// A pipeline whose every output byte depends on the input's bytes, the stage, the microbatch and the order in
// which microbatches came: its output proves that no data were lost, doubled, reordered or mixed up. The
// nodes are the real ones, observed from outside.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/sha256.hpp"
#include "runtime/node/cost.hpp"
#include "runtime/node/sink_node.hpp"
#include "runtime/node/source_node.hpp"
#include "runtime/node/stage_node.hpp"
#include "runtime/node/virtual_node.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/policy/quantization_fixed.hpp"

namespace millrace {

struct Pipeline {
  std::vector<std::uint32_t> devices{0, 1, 2, 3};  // of source, stages, sink
  std::uint64_t images = 22;                       // 5 microbatches of 4, and one of 2
  std::uint32_t microbatch = 4;
  int window = 2;
  std::string failure{};  // error of the first stage instead of computing microbatch 3

  std::uint64_t microbatches() const { return (images + microbatch - 1) / microbatch; }
  std::uint32_t nodes() const { return static_cast<std::uint32_t>(devices.size()); }
  std::uint32_t device_count() const { return 1 + *std::max_element(devices.begin(), devices.end()); }
  // Stages of 8 sub-layers each; the last takes the rest of vit-tiny's 48.
  Plan plan() const {
    Plan made{{devices.front()}, {devices.back()}, {}};
    for (std::uint32_t i = 1; i + 1 < nodes(); ++i) {
      const int first = 8 * static_cast<int>(i - 1) + 1;
      made.stages.push_back({{devices[i]}, {first, i + 2 == nodes() ? 48 : first + 7}});
    }
    return made;
  }
};

// The largest values seen of the numbers that a window bounds.
struct Peaks {
  std::atomic<int> unanswered = 0;  // activations sent for which no credit has come back
  std::atomic<int> waiting = 0;     // activations arrived and not begun
};

class ByteExecutor final : public Executor {
 public:
  ByteExecutor(NodeId node, std::string failure) : node_(node), failure_(std::move(failure)) {}

  Result<Outcome> run(const Work& work) override {
    Outcome outcome;
    switch (work.kind) {
      case WorkKind::load:
        outcome.output = pixels(work);
        break;
      case WorkKind::forward:
        if (!failure_.empty() && work.microbatch.value == 3) return Error{failure_};
        kept_[work.microbatch.value] = transformed(work);
        break;
      case WorkKind::encode: {
        auto kept = kept_.extract(work.microbatch.value);
        if (kept.empty()) return Error{"encoding what was never computed"};
        outcome.output = Payload::of(std::move(kept.mapped()));
        outcome.bit_width = work.budget.bits_per_value;
        break;
      }
      case WorkKind::score:
        for (std::uint32_t i = 0; i < work.images; ++i)
          outcome.outputs.push_back({work.first_image + i, i, {}, sha256_hex(*work.input.bytes)});
        break;
    }
    outcome.values = static_cast<std::uint64_t>(outcome.output.size.count());
    return outcome;
  }

 private:
  static Payload pixels(const Work& work) {
    std::vector<std::byte> bytes;
    for (std::uint32_t i = 0; i < work.images; ++i) {
      for (unsigned k = 0; k < 50; ++k)
        bytes.push_back(static_cast<std::byte>((work.first_image + i) * 37 + k * k));
    }
    return Payload::of(std::move(bytes));
  }
  std::vector<std::byte> transformed(const Work& work) {
    auto bytes = *work.input.bytes;
    unsigned carry = static_cast<unsigned>(31 * node_.value + 7 * work.microbatch.value + order_++);
    for (auto& byte : bytes) {
      carry = carry * 5 + std::to_integer<unsigned>(byte) + 1;
      byte = static_cast<std::byte>(carry & 0xffU);
    }
    bytes.push_back(static_cast<std::byte>(bytes.size()));
    return bytes;
  }

  NodeId node_;
  std::string failure_;
  std::uint64_t order_ = 0;
  std::map<std::uint64_t, std::vector<std::byte>> kept_;
};

// A node whose window-bounded numbers are recorded.
class WatchedNode final : public Node {
 public:
  WatchedNode(std::unique_ptr<Node> node, Peaks& peaks) : node_(std::move(node)), peaks_(peaks) {}

  Result<void> on_start(Time now, Outbox& out) override {
    Eye eye(*this, out);
    return node_->on_start(now, eye);
  }
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override {
    if (std::holds_alternative<Activation>(message)) raise(peaks_.waiting, ++waiting_ - (computing_ ? 0 : 1));
    if (const auto* feedback = std::get_if<Feedback>(&message))
      unanswered_ -= static_cast<int>(feedback->credits);
    Eye eye(*this, out);
    return node_->on_message(now, from, std::move(message), eye);
  }
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override {
    computing_ = false;
    Eye eye(*this, out);
    return node_->on_computed(now, job, std::move(outcome), eye);
  }
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override {
    Eye eye(*this, out);
    return node_->on_timer(now, timer, eye);
  }

 private:
  static void raise(std::atomic<int>& peak, int value) {
    for (int seen = peak; value > seen && !peak.compare_exchange_weak(seen, value);) continue;
  }

  class Eye final : public Outbox {
   public:
    Eye(WatchedNode& watched, Outbox& out) : watched_(watched), out_(out) {}
    void send(NodeId to, Message message) override {
      if (std::holds_alternative<Activation>(message))
        raise(watched_.peaks_.unanswered, ++watched_.unanswered_);
      out_.send(to, std::move(message));
    }
    void compute(JobId job, Work work) override {
      if (watched_.computing_) ADD_FAILURE() << "two pieces of work at once";
      watched_.computing_ = true;
      if (work.kind == WorkKind::forward || work.kind == WorkKind::score) --watched_.waiting_;
      out_.compute(job, std::move(work));
    }
    void wake_at(Time when, TimerId timer) override { out_.wake_at(when, timer); }
    void record(Record record) override { out_.record(std::move(record)); }
    void finish() override { out_.finish(); }

   private:
    WatchedNode& watched_;
    Outbox& out_;
  };

  std::unique_ptr<Node> node_;
  Peaks& peaks_;
  int unanswered_ = 0, waiting_ = 0;
  bool computing_ = false;
};

// Costs known in advance; later stages are slower, so that queues fill. The source is free, as in every run.
class ByteCost final : public CostModel {
 public:
  explicit ByteCost(NodeId node) : each_{{}, Duration::us(100 * node.value), {}} {}
  std::optional<WorkCost> planned(const Work&) const override { return each_; }

 private:
  WorkCost each_;
};

// `peaks` must outlive the parts.
inline VirtualNode::Parts parts_of(const Pipeline& pipeline, NodeId id, Peaks& peaks) {
  const auto plan = pipeline.plan();
  std::unique_ptr<Node> node;
  if (id == plan.source_node()) {
    SourceConfig config;
    config.downstream = {1};
    config.window = pipeline.window;
    config.images = pipeline.images;
    config.microbatch = pipeline.microbatch;
    node = std::make_unique<SourceNode>(config);
  } else if (id == plan.sink_node()) {
    node = std::make_unique<SinkNode>(SinkConfig{{id.value - 1}, pipeline.window, pipeline.microbatches()});
  } else {
    node = std::make_unique<StageNode>(StageConfig{{id.value - 1}, {id.value + 1}, pipeline.window},
                                       std::make_unique<FixedQuantization>(Budget{8}));
  }
  return {std::make_unique<WatchedNode>(std::move(node), peaks),
          std::make_unique<ByteExecutor>(id, id.value == 1 ? pipeline.failure : ""),
          id == plan.sink_node() ? std::unique_ptr<CostModel>(std::make_unique<FreeCost>())
                                 : std::make_unique<ByteCost>(id)};
}

// The outputs that the sink must report, computed by the executors in turn, without nodes or driver.
inline std::vector<ImageOutput> expected_outputs(const Pipeline& pipeline) {
  std::vector<ByteExecutor> executors;
  for (std::uint32_t i = 0; i < pipeline.nodes(); ++i) executors.emplace_back(NodeId{i}, "");
  std::vector<ImageOutput> all;
  for (std::uint64_t m = 0; m < pipeline.microbatches(); ++m) {
    Work work;
    work.microbatch = {m};
    work.first_image = m * pipeline.microbatch;
    work.images = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(pipeline.microbatch, pipeline.images - work.first_image));
    work.kind = WorkKind::load;
    work.input = executors.front().run(work).value().output;
    for (std::uint32_t i = 1; i + 1 < pipeline.nodes(); ++i) {
      work.kind = WorkKind::forward;
      (void)executors[i].run(work).value();
      work.kind = WorkKind::encode;
      work.input = executors[i].run(work).value().output;
    }
    work.kind = WorkKind::score;
    const auto scored = executors.back().run(work).value();
    all.insert(all.end(), scored.outputs.begin(), scored.outputs.end());
  }
  return all;
}

}  // namespace millrace
