#include "sim/run/summary.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {

std::optional<double> LinkFigures::bits_per_value() const {
  if (activation_values == 0) return std::nullopt;
  return static_cast<double>(activation_bytes.bits()) / static_cast<double>(activation_values);
}

// A stage that has input but does not begin is blocked: there is no room for its results.
void Summary::add(NodeId stage, const StageRecord& record) {
  auto& state = stages_.at(stage.value - 1);
  auto& figures = state.figures;
  figures.decode += record.cost.decode;
  figures.compute += record.cost.compute;
  figures.encode += record.cost.encode;
  figures.queue += record.started - record.arrived;
  figures.blocked += record.started - std::max(record.arrived, state.free);
  state.free = record.encoded;
  if (stage.value == stages_.size()) return;  // logits are never quantized
  encoded_bits_ += static_cast<double>(record.payload.bits());
  encoded_values_ += static_cast<double>(record.values);
}

void Summary::add(const CompletionRecord& record) {
  latencies_.push_back(record.completed - record.created);
  images_ += record.images;
  target_.arrive(record.completed, record.images);
  for (const auto& output : record.outputs) {
    not_finite_ += output.not_finite() ? 1 : 0;
    if (!output.label || (!output.predicted && !output.not_finite())) continue;
    ++labelled_;
    if (output.not_finite()) continue;
    const bool correct = *output.label == *output.predicted;
    correct_ += correct ? 1 : 0;
    correct_in_five_ += correct || (output.label_rank && *output.label_rank < 5) ? 1 : 0;
  }
}

void Summary::add(DeviceId from, DeviceId to, const TransferRecord& record) {
  auto& link = links_[{from, to}];
  link.bytes += record.size;
  ++link.transfers;
  if (!record.activation) return;
  link.activation_bytes += record.size;
  link.activation_values += record.values;
  link.queued += record.queued;
  link.wire += record.wire;
  link.propagation += record.propagation;
}

void Summary::close(Time end) {
  end_ = end;
  target_.close(end);
  for (auto& state : stages_) {
    auto& figures = state.figures;
    const auto busy = figures.decode + figures.compute + figures.encode + figures.blocked;
    figures.idle = std::max(Duration{}, duration() - busy);
  }
  std::sort(latencies_.begin(), latencies_.end());
}

std::optional<double> Summary::target_images_per_s() const {
  return target_.images_per_s() > 0 ? std::optional(target_.images_per_s()) : std::nullopt;
}

std::optional<double> Summary::bits_per_value_mean() const {
  return encoded_values_ > 0 ? std::optional(encoded_bits_ / encoded_values_) : std::nullopt;
}

double Summary::throughput_images_per_s() const {
  return duration() > Duration{} ? static_cast<double>(images_) / duration().seconds() : 0;
}

std::optional<Duration> Summary::latency(double share) const {
  if (latencies_.empty()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(latencies_.size())));
  return latencies_[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace millrace
