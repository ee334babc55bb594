// A schedule of the protocol's simulation: all that a seed decides; and a network and costs that take any
// time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/node/work.hpp"
#include "runtime/planner/plan.hpp"
#include "sim/coordinator/fault.hpp"
#include "sim/net/network.hpp"

namespace millrace {

// All that a seed decides.
struct Schedule {
  static constexpr int kSubLayers = 12;

  explicit Schedule(std::uint64_t seed_) : seed(seed_), random(seed_, "protocol schedule") {
    source = {0};
    sink = {random.below(3) == 0 ? 0U : 1U};
    workers = 2 + static_cast<std::uint32_t>(random.below(4));
    devices = 2 + workers;
    microbatches = 3 + random.below(30);
    window = 1 + static_cast<int>(random.below(3));
    open_loop = random.below(4) == 0;
    heartbeat = Duration::ms(50 + std::int64_t(random.below(200)));
    word = Duration::ns(1'000 + std::int64_t(random.below(std::uint64_t(heartbeat.count_ns()) / 3)));
    lost_words = random.below(2) == 0 ? 0 : 0.2 * random.uniform();
    slowest_message = Duration::us(10 + std::int64_t(random.below(40'000)));
    slowest_work = Duration::from_seconds(1e-5 * std::pow(10, 4 * random.uniform()));
    plan = any_plan(std::vector<bool>(devices, true)).value();
    const auto count = random.below(8);
    for (std::uint64_t i = 0; i < count; ++i) faults.push_back(any_fault());
    for (const auto& fault : faults)
      calm = std::max(calm, fault.at + (fault.length == Duration::max() ? Duration{} : fault.length));
  }

  Duration up_to(Duration most) {
    return Duration::ns(1 + std::int64_t(random.below(std::uint64_t(most.count_ns()))));
  }
  // Faults come at any instant of the run, also before its first result and after its last.
  Fault any_fault() {
    Fault fault;
    fault.at = Time::zero() + up_to(Duration::ms(1 + std::int64_t(random.below(3000))));
    fault.device = {2 + static_cast<std::uint32_t>(random.below(workers))};
    fault.kind = std::array{Fault::Kind::crash, Fault::Kind::hang, Fault::Kind::slow,
                            Fault::Kind::leave, Fault::Kind::join, Fault::Kind::cut}[random.below(6)];
    fault.length = up_to(heartbeat * 8);
    fault.factor = 1 + 9 * random.uniform();
    // One worker always comes back; a device of the first plan cannot join it.
    const bool survivor = fault.device == DeviceId{2};
    const bool used = std::ranges::any_of(
        plan.stages, [&](const StagePlan& stage) { return stage.device == fault.device; });
    if (fault.kind == Fault::Kind::join && (survivor || used)) fault.kind = Fault::Kind::crash;
    if (!survivor && random.below(3) == 0) fault.length = Duration::max();
    return fault;
  }
  // One stage or more on any of the workers, each taking any number of stages.
  Result<Plan> any_plan(const std::vector<bool>& usable) {
    std::vector<std::uint32_t> can;
    for (std::uint32_t i = 2; i < devices; ++i)
      if (usable[i]) can.push_back(i);
    if (can.empty()) return Error{"no device is left"};
    Plan made{source, sink, {}};
    const auto stages = 1 + random.below(4);
    int first = 1;
    for (std::uint64_t i = 0; i < stages && first <= kSubLayers; ++i) {
      const bool end = i + 1 == stages;
      const int last = end ? kSubLayers : first + static_cast<int>(random.below(4));
      made.stages.push_back({{can[random.below(can.size())]}, {first, std::min(last, kSubLayers)}});
      first = last + 1;
    }
    made.stages.back().layers.last = kSubLayers;
    return made;
  }

  std::uint64_t seed;
  Random random;
  DeviceId source, sink;
  std::uint32_t workers, devices;
  std::uint64_t microbatches;
  int window;
  bool open_loop;
  Duration heartbeat, word;
  double lost_words;
  Duration slowest_message, slowest_work;
  Plan plan;
  std::vector<Fault> faults;
  Time calm;  // the last fault is over
};

// Every message takes any time; those between two devices arrive in order.
class AnyNetwork final : public Network {
 public:
  AnyNetwork(std::uint64_t seed, Duration slowest) : random_(seed, "protocol network"), slowest_(slowest) {}

  void submit(Time depart, const Transfer& transfer) override {
    MR_CHECK(depart >= now_);
    // Most are quick, some take as long as they can, and now and then a link is down for a while.
    const double share = random_.below(4) == 0 ? random_.uniform() : 0.1 * random_.uniform();
    Duration takes = Duration::from_seconds(slowest_.seconds() * share) + Duration::ns(1);
    if (random_.below(200) == 0) takes += slowest_ * 10;
    auto& last = last_[{transfer.from, transfer.to}];
    last = std::max(last, depart + takes);
    due_.emplace(std::pair(last, order_++), Sent{transfer, depart});
  }
  std::optional<Delivery> run_until(Time limit) override {
    if (due_.empty() || due_.begin()->first.first >= limit) {
      if (limit < Time::never()) now_ = limit;
      return std::nullopt;
    }
    now_ = due_.begin()->first.first;
    const auto sent = due_.begin()->second;
    due_.erase(due_.begin());
    return Delivery{sent.transfer.id, now_, {}, now_ - sent.depart, {}};
  }
  Time now() const override { return now_; }
  Time next_event() const override { return due_.empty() ? Time::never() : due_.begin()->first.first; }

 private:
  struct Sent {
    Transfer transfer;
    Time depart;
  };
  Random random_;
  Duration slowest_;
  Time now_;
  std::map<std::pair<DeviceId, DeviceId>, Time> last_;
  std::map<std::pair<Time, std::uint64_t>, Sent> due_;
  std::uint64_t order_ = 0;
};

class TinyExecutor final : public Executor {
 public:
  Result<Outcome> run(const Work& work) override {
    Outcome outcome;
    outcome.output.size = Bytes(work.kind == WorkKind::load || work.kind == WorkKind::encode ? 10 : 0);
    if (work.kind == WorkKind::score)
      for (std::uint32_t i = 0; i < work.images; ++i)
        outcome.outputs.push_back({work.first_image + i, {}, {}, {}});
    return outcome;
  }
};

// All work takes any time, also loading at the source and scoring at the sink.
class AnyCost final : public CostModel {
 public:
  AnyCost(std::uint64_t seed, Duration most, const double& factor)
      : random_(seed, "protocol work"), most_(most), factor_(factor) {}
  std::optional<WorkCost> planned(const Work&) const override {
    return WorkCost{{}, Duration::from_seconds(most_.seconds() * random_.uniform() * factor_), {}};
  }

 private:
  mutable Random random_;
  Duration most_;
  const double& factor_;
};

}  // namespace millrace
