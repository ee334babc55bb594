// The protocol of epochs under faults, in one process and in virtual time, with the real nodes, members,
// conductor and coordinator. What must hold is checked after every event.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/node/sink_node.hpp"
#include "runtime/node/source_node.hpp"
#include "runtime/node/stage_node.hpp"
#include "sim/coordinator/living_coordinator.hpp"
#include "sim/coordinator/local_attachment.hpp"
#include "tests/coordinator/protocol_schedule.hpp"

namespace millrace {

// Mistakes that the simulation must find.
enum class Injected : std::uint8_t {
  nothing,
  skip_the_dedup,  // after an epoch the sink takes again what it has taken before
  lose_a_replay,   // the source begins an epoch one microbatch too late
};

// A source with a mistake.
class Mistaken final : public Node {
 public:
  Mistaken(std::unique_ptr<Node> node, Injected mistake) : node_(std::move(node)), mistake_(mistake) {}

  Result<void> on_start(Time now, Outbox& out) override { return node_->on_start(now, out); }
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override {
    return node_->on_message(now, from, std::move(message), out);
  }
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override {
    return node_->on_computed(now, job, std::move(outcome), out);
  }
  Result<void> on_timer(Time now, TimerId timer, Outbox& out) override {
    return node_->on_timer(now, timer, out);
  }
  Result<void> on_epoch(Time now, const EpochBegin& begin, Outbox& out) override {
    auto changed = begin;
    if (mistake_ == Injected::lose_a_replay && begin.first) ++changed.first->value;
    return node_->on_epoch(now, changed, out);
  }
  Result<void> on_confirmed(Time now, MicrobatchId next, Outbox& out) override {
    return node_->on_confirmed(now, next, out);
  }

 private:
  std::unique_ptr<Node> node_;
  Injected mistake_;
};

// A sink that takes whatever comes, in the order of each epoch: SinkNode without its dedup.
class CarelessSink final : public Node {
 public:
  explicit CarelessSink(const SinkConfig& config)
      : config_(config), receiver_(config.upstream, config.window) {}
  Result<void> on_start(Time, Outbox&) override { return {}; }
  Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) override {
    if (auto taken = receiver_.accept(now, from, std::get<Activation>(std::move(message))); !taken)
      return taken;
    return begin(out);
  }
  Result<void> on_computed(Time, JobId, Outcome, Outbox& out) override {
    out.record(*current_);
    const bool last = current_->microbatch.value + 1 == config_.microbatches;
    current_.reset();
    if (last) return out.finish(), Result<void>();
    return begin(out);
  }
  Result<void> on_timer(Time, TimerId, Outbox&) override { return {}; }
  Result<void> on_epoch(Time, const EpochBegin& begin, Outbox&) override {
    receiver_ = Receiver(begin.upstream, config_.window, Receiver::Begin::at_first_to_arrive);
    return {};
  }

 private:
  Result<void> begin(Outbox& out) {
    if (!current_ && !receiver_.empty()) {
      const auto arrived = receiver_.take();
      current_ = CompletionRecord{.microbatch = arrived.activation.microbatch,
                                  .images = arrived.activation.images,
                                  .created = arrived.activation.created,
                                  .completed = arrived.at,
                                  .outputs = {}};
      Work work;
      work.kind = WorkKind::score;
      work.microbatch = current_->microbatch;
      work.images = current_->images;
      out.compute({current_->microbatch.value}, work);
    }
    receiver_.send_feedback(out);
    return {};
  }
  SinkConfig config_;
  Receiver receiver_;
  std::optional<CompletionRecord> current_;
};

// One schedule, played.
class ProtocolRun final : public RunObserver {
 public:
  ProtocolRun(std::uint64_t seed, Injected mistake)
      : schedule_(seed),
        mistake_(mistake),
        network_(seed, schedule_.slowest_message),
        words_(seed, "protocol words"),
        loading_(seed, "protocol loading"),
        factors_(schedule_.devices, 1.0) {}

  // The violated invariant, in words; nothing if all held.
  std::optional<std::string> play() {
    LivingCoordinator run(setup());
    run_ = &run;
    const auto end = run.run();
    if (!end) return end.error().message;
    if (next_ != schedule_.microbatches) return fmt::format("ended after {} microbatches", next_);
    end_ = *end;
    return std::nullopt;
  }
  Time end() const { return end_; }
  const std::string& log() const { return log_; }
  std::uint64_t events() const { return events_; }
  const std::vector<RecoveryRecord>& recoveries() const { return recoveries_; }
  const Schedule& schedule() const { return schedule_; }

  void on_record(Time now, NodeId node, const Record& record) override {
    const auto* completion = std::get_if<CompletionRecord>(&record);
    if (completion == nullptr) return;
    log_ += fmt::format("{} {} {}\n", now.count_ns(), node.value, completion->microbatch.value);
    if (completion->microbatch.value != next_ && !wrong_)
      wrong_ = fmt::format("microbatch {} was recorded where {} was due: each once and in order",
                           completion->microbatch.value, next_);
    ++next_;
  }
  void on_transfer(const TransferRecord&) override {}
  void on_recovery(const RecoveryRecord& recovery) override { recoveries_.push_back(recovery); }

 private:
  LivingCoordinator::Setup setup() {
    using Way = LivingCoordinator::Setup::Way;
    const auto& plan = schedule_.plan;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < schedule_.devices; ++i) names.push_back(fmt::format("d{}", i));
    return {.plan = plan,
            .network = network_,
            .observer = *this,
            .devices = names,
            .heartbeat = schedule_.heartbeat,
            .patience = Duration::s(1000),
            .faults = schedule_.faults,
            .build = [this](const Plan& of, NodeId node, Epoch epoch) { return build(of, node, epoch); },
            .plan_for = [this](const std::vector<bool>& usable) { return schedule_.any_plan(usable); },
            .planning = [this] { return loading_.below(2) == 0 ? Duration{} : up_to(schedule_.heartbeat); },
            .word = [this](DeviceId device, Way way) { return word(device, way); },
            .loading =
                [this](DeviceId, const std::vector<LayerRange>&, const Plan&) {
                  return LivingCoordinator::Loading{some_loading(), Bytes(1)};
                },
            .slow = [this](DeviceId device, double factor) { factors_.at(device.value) = factor; },
            .after_each = [this] { return check(); }};
  }
  Duration up_to(Duration most) {
    return Duration::ns(1 + std::int64_t(loading_.below(std::uint64_t(most.count_ns()))));
  }
  // What is in memory already takes next to no time.
  Duration some_loading() {
    return loading_.below(2) == 0 ? up_to(Duration::ms(1)) : up_to(schedule_.heartbeat * 3);
  }
  // Words take any time, overtake each other, and are lost until the last fault is over. Source and sink are
  // heard, since to be given up is the end of them.
  std::optional<Duration> word(DeviceId device, LivingCoordinator::Setup::Way way) {
    const bool end = device == schedule_.source || device == schedule_.sink;
    const bool needed = end && way == LivingCoordinator::Setup::Way::from_device;
    const double share = words_.uniform();
    const bool lost = words_.uniform() < schedule_.lost_words;
    if (lost && !needed && run_->now() < schedule_.calm) return std::nullopt;
    return Duration::from_seconds(schedule_.word.seconds() * share);
  }
  Result<std::unique_ptr<Attachment>> build(const Plan& plan, NodeId node, Epoch epoch) {
    VirtualNode::Parts parts;
    const NodeId upstream{node.value - 1}, downstream{node.value + 1};
    if (node == plan.source_node()) {
      auto source = std::make_unique<SourceNode>(
          SourceConfig{.downstream = downstream,
                       .window = schedule_.window,
                       .images = schedule_.microbatches,
                       .microbatch = 1,
                       .arrivals = schedule_.open_loop ? ArrivalKind::poisson : ArrivalKind::closed_loop,
                       .images_per_s = 20,
                       .seed = schedule_.seed,
                       .replays = true,
                       .most_unconfirmed = kMostUnconfirmed});
      source_ = source.get();
      parts.node = std::make_unique<Mistaken>(std::move(source), mistake_);
    } else if (node == plan.sink_node()) {
      const SinkConfig config{upstream, schedule_.window, schedule_.microbatches};
      parts.node = mistake_ == Injected::skip_the_dedup
                       ? std::unique_ptr<Node>(std::make_unique<CarelessSink>(config))
                       : std::make_unique<SinkNode>(config);
    } else {
      const auto begin = epoch == Epoch{0} ? Receiver::Begin::at_zero : Receiver::Begin::at_first_to_arrive;
      parts.node =
          std::make_unique<StageNode>(StageConfig{upstream, downstream, schedule_.window, 1, begin}, nullptr);
    }
    parts.executor = std::make_unique<TinyExecutor>();
    parts.cost = std::make_unique<AnyCost>(schedule_.seed + 1000 * epoch.value + node.value,
                                           schedule_.slowest_work, factors_.at(plan.device_of(node).value));
    return std::unique_ptr<Attachment>(
        std::make_unique<LocalAttachment>(std::move(parts), VirtualNode::Compute::inline_));
  }

  Result<void> check() {
    ++events_;
    if (wrong_) return Error{*wrong_};
    const auto& conductor = run_->conductor();
    if (conductor.epoch() < epoch_) return Error{"the epoch went back"};
    if (conductor.epoch() > epoch_) {
      if (auto sound = check_plan(conductor.plan(), Schedule::kSubLayers, schedule_.devices); !sound)
        return sound;
    }
    epoch_ = conductor.epoch();
    if (conductor.recorded().value > next_) return Error{"the conductor knows of results that are not there"};
    if (source_->unconfirmed() > kMostUnconfirmed) return Error{"the source remembers more than it may"};
    if (run_->now() > bound())
      return Error{fmt::format("{} of {} microbatches, and no end {:.3f} s after the last fault", next_,
                               schedule_.microbatches, (run_->now() - schedule_.calm).seconds())};
    return check_owners();
  }
  // No sub-layer of an epoch has two owners, and each node is where its epoch's plan has it.
  Result<void> check_owners() const {
    std::set<std::pair<Epoch, int>> owned;
    for (const auto& node : run_->nodes()) {
      const auto& plan = run_->plan_of(node.epoch);
      if (plan.device_of(node.node) != node.device)
        return Error{
            fmt::format("node {} of epoch {} is not on its device", node.node.value, node.epoch.value)};
      if (!plan.is_stage(node.node)) continue;
      const auto& layers = plan.stage(node.node).layers;
      for (int layer = layers.first; layer <= layers.last; ++layer)
        if (!owned.emplace(node.epoch, layer).second)
          return Error{fmt::format("sub-layer {} of epoch {} has two owners", layer, node.epoch.value)};
    }
    return {};
  }
  // The run is over by then: some heartbeats to notice what happened last, to plan and to load; then all
  // microbatches one after the other through five hops and six pieces of work, each the slowest possible.
  Time bound() const {
    const Duration each = (schedule_.slowest_message * 12 + schedule_.slowest_work * 10) * 6;
    const Duration arrivals = schedule_.open_loop ? Duration::s(10) : Duration{};
    return schedule_.calm + schedule_.heartbeat * 40 + arrivals +
           (each + schedule_.heartbeat) * static_cast<std::int64_t>(schedule_.microbatches + 4);
  }

  static constexpr std::size_t kMostUnconfirmed = 9;
  Schedule schedule_;
  Injected mistake_;
  AnyNetwork network_;
  Random words_, loading_;
  std::vector<double> factors_;
  LivingCoordinator* run_ = nullptr;
  SourceNode* source_ = nullptr;
  Epoch epoch_;
  std::uint64_t next_ = 0, events_ = 0;
  std::optional<std::string> wrong_;
  std::string log_;
  std::vector<RecoveryRecord> recoveries_;
  Time end_;
};

}  // namespace millrace
