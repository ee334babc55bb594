#include "runtime/node/cost.hpp"

namespace millrace {

ProfileCost::ProfileCost(DeviceCost device, ModelConfig model, LayerRange layers)
    : device_(std::move(device)), model_(std::move(model)), layers_(layers) {}

std::optional<WorkCost> ProfileCost::planned(const Work& work) const {
  const auto images = static_cast<std::int64_t>(work.images);
  WorkCost cost;
  if (work.kind == WorkKind::forward) {
    cost.decode = device_.decode(values_at_cut(model_, layers_.first - 1) * images);
    cost.compute = device_.compute(layers_, images);
  } else if (work.kind == WorkKind::encode) {
    cost.encode = device_.encode(values_at_cut(model_, layers_.last) * images);
  }
  return cost;
}

WorkCost MeasuredCost::charged(const WorkCost& measured) const {
  const auto scaled = [this](Duration d) { return Duration::from_seconds(d.seconds() * slowdown_); };
  return {.decode = scaled(measured.decode),
          .compute = scaled(measured.compute),
          .encode = scaled(measured.encode)};
}

}  // namespace millrace
