// The figures of one run, computed from its records; summary.json and the table are made from this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/proportion.hpp"
#include "runtime/node/record.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/policy/target_share.hpp"
#include "sim/coordinator/observer.hpp"

namespace millrace {

// Where a stage's time went. decode + compute + encode + blocked + idle = the run's duration; `queue` is the
// time that microbatches waited in front of the stage, summed over microbatches, and overlaps the others.
struct StageFigures {
  Duration decode, compute, encode, queue, blocked, idle;
};

// Traffic from one device to another.
struct LinkFigures {
  Bytes bytes;             // of all messages, frames included
  Bytes activation_bytes;  // of activations alone
  std::uint64_t activation_values = 0;
  std::uint64_t transfers = 0;
  Duration queued, wire, propagation;  // summed over activations
  // Of activations, frames included; nothing if no activation was sent in this direction.
  std::optional<double> bits_per_value() const;
};

// How punctual an emulated run was.
struct EmulationFigures {
  struct Kind {
    std::string name;
    std::uint64_t count = 0;
    std::optional<Duration> p50, p95, p99, max;  // absent if count is 0
  };
  Duration limit;
  std::vector<Kind> kinds;
  Duration network_busy;  // wall-clock time spent in the network
};

class Summary {
 public:
  // `target_images_per_s`: the target of the share that met the target; 0: no target.
  explicit Summary(std::size_t stages, double target_images_per_s = 0)
      : stages_(stages), target_(target_images_per_s) {}
  void add(NodeId stage, const StageRecord& record);
  void add(const CompletionRecord& record);
  void add(DeviceId from, DeviceId to, const TransferRecord& record);
  void emulated(EmulationFigures figures) { emulation_ = std::move(figures); }
  const std::optional<EmulationFigures>& emulation() const { return emulation_; }
  // The run's last instant; REQUIRES called once, last.
  void close(Time end);

  Duration duration() const { return end_.since_start(); }
  std::uint64_t microbatches() const { return latencies_.size(); }
  std::uint64_t images() const { return images_; }
  double throughput_images_per_s() const;
  // Nearest rank; nothing before the first completion. REQUIRES 0 < share <= 1.
  std::optional<Duration> latency(double share) const;
  // Among images that have both class and label: those whose class is the label, and those whose label is
  // among the five largest logits. Nothing if there are no such images.
  std::optional<Proportion> top1() const { return of_labelled(correct_); }
  std::optional<Proportion> top5() const { return of_labelled(correct_in_five_); }
  // Images whose logits hold a NaN or an infinity: they have no class, and where there is a label they count
  // as wrong.
  std::uint64_t not_finite() const { return not_finite_; }
  // Figures of quantization: the target, if there is one, and how well it was met; the bits of all encodings
  // at all cuts, headers and ranges included, weighted by values, absent if nothing was encoded.
  std::optional<double> target_images_per_s() const;
  const TargetShare& target() const { return target_; }
  std::optional<double> bits_per_value_mean() const;
  const StageFigures& stage(std::size_t index) const { return stages_[index].figures; }
  const std::map<std::pair<DeviceId, DeviceId>, LinkFigures>& links() const { return links_; }

 private:
  std::optional<Proportion> of_labelled(std::uint64_t hits) const {
    return labelled_ == 0 ? std::nullopt : std::optional(Proportion{hits, labelled_});
  }

  struct StageState {
    StageFigures figures;
    Time free;  // since when the stage has no work under way
  };
  std::vector<StageState> stages_;
  std::map<std::pair<DeviceId, DeviceId>, LinkFigures> links_;
  std::vector<Duration> latencies_;
  std::uint64_t images_ = 0, labelled_ = 0, correct_ = 0, correct_in_five_ = 0, not_finite_ = 0;
  TargetShare target_;
  double encoded_bits_ = 0, encoded_values_ = 0;
  std::optional<EmulationFigures> emulation_;
  Time end_;
};

}  // namespace millrace
