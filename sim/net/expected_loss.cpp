#include "sim/net/expected_loss.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace millrace {
namespace {

constexpr Nanobits kNano = 1'000'000'000;

// 1/(1-loss) in nanobits, an integer so that every machine computes the same; 0: nothing gets through.
Nanobits nanobits_per_bit(double loss) {
  if (loss >= 1) return 0;
  const auto arrives = std::max<std::int64_t>(1, std::llround((1 - loss) * 1e9));
  return kNano * kNano / arrives;
}

double mean_of(const Series<double>& series) {
  double sum = 0;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    const Duration until = i + 1 < series.values.size() ? series.values[i + 1].first : series.end;
    sum += series.values[i].second * (until - series.values[i].first).seconds();
  }
  return sum / series.end.seconds();
}

// When the series next differs from its value at `t`; never() if it stays.
Time series_changes_after(const Series<double>& series, Time t) {
  Duration within = t.since_start() + series.offset;
  if (series.loops) within = Duration::ns(within.count_ns() % series.end.count_ns());
  const auto later = [](Duration limit, const auto& step) { return limit < step.first; };
  const auto next = std::upper_bound(series.values.begin(), series.values.end(), within, later);
  if (next != series.values.end()) return t + (next->first - within);
  return series.loops && series.values.size() > 1 ? t + (series.end - within) : Time::never();
}

// The capacity that `useful` nanobits take. REQUIRES per_bit > 0.
Nanobits needed(Nanobits useful, Nanobits per_bit) {
  return useful / kNano * per_bit + useful % kNano * per_bit / kNano;
}

}  // namespace

double loss_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t) {
  const auto& steps = loss.steps();
  if (model && (steps.size() == 1 || t < steps[1].first)) return model->mean_loss();
  return loss.at(t);
}

bool loses(const LinkSpec& link) {
  if (link.loss_model && link.loss_model->mean_loss() > 0) return true;
  const auto some = [](const auto& step) { return step.second > 0; };
  const auto& loss = link.loss;
  return std::ranges::any_of(loss.steps(), some) ||
         (loss.series() != nullptr && std::ranges::any_of(loss.series()->values, some));
}

double loss_burst_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t) {
  const auto& steps = loss.steps();
  if (!model || model->p + model->r <= 0 || (steps.size() > 1 && t >= steps[1].first)) return 1;
  const double good = model->r / (model->p + model->r);
  const double spared = model->r * (1 - model->bad_loss) / (1 - (1 - model->r) * (1 - model->bad_loss));
  const double losses = good * (model->p * (1 - (std::isnan(spared) ? 1 : spared)) + model->good_loss);
  return losses > 0 ? std::max(1.0, model->mean_loss() / losses) : 1;
}

Time loss_changes_after(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t) {
  const auto& steps = loss.steps();
  const auto later = [](Time limit, const auto& step) { return limit < step.first; };
  const auto next = std::upper_bound(steps.begin() + 1, steps.end(), t, later);
  const Time set = next == steps.end() ? Time::never() : next->first;
  const bool in_series = next == steps.begin() + 1 && loss.series() != nullptr && !model;
  return in_series ? std::min(set, series_changes_after(*loss.series(), t)) : set;
}

LossyCapacity::LossyCapacity(std::shared_ptr<const RateTrace> trace, const LinkSpec& link)
    : trace_(std::move(trace)), loss_(link.loss), model_(link.loss_model) {
  const double first = loss_at(loss_, model_, Time::zero());
  if (loss_changes_after(loss_, model_, Time::zero()) == Time::never()) constant_ = nanobits_per_bit(first);
  if (loss_.series() != nullptr) mean_ = nanobits_per_bit(mean_of(*loss_.series()));
}

LossyCapacity::Stretch LossyCapacity::stretch_at(Nanobits position) const {
  if (constant_) return {kNever, *constant_};
  const auto begins = trace_->departure(position);
  if (!begins) return {kNever, 0};
  const Nanobits per_bit = nanobits_per_bit(loss_at(loss_, model_, *begins));
  const Time changes = loss_changes_after(loss_, model_, *begins);
  return {changes > RateTrace::kHorizon ? kNever : trace_->cumulative(changes), per_bit};
}

// Computes whole multiples and remainder separately, so that nothing overflows.
Nanobits LossyCapacity::passed(Nanobits capacity, Nanobits per_bit) {
  if (per_bit == 0) return 0;
  return capacity / per_bit * kNano + capacity % per_bit * kNano / per_bit;
}

Nanobits LossyCapacity::end(Nanobits start, Nanobits useful) const {
  if (constant_) return *constant_ == 0 ? kNever : start + needed(useful, *constant_);
  Nanobits at = start, left = useful;
  for (int changes = 0; changes < kMostChanges; ++changes) {
    const Stretch here = stretch_at(at);
    const Nanobits room = here.until - at;
    if (here.per_bit > 0 && needed(left, here.per_bit) <= room) return at + needed(left, here.per_bit);
    if (here.until >= kNever) return kNever;
    left -= passed(room, here.per_bit);
    at = here.until;
  }
  return left == useful || mean_ == 0 ? kNever : at + needed(left, mean_);
}

Nanobits LossyCapacity::useful(Nanobits from, Nanobits to) const {
  Nanobits sum = 0;
  stretches(from, to, [&](Nanobits, Nanobits, Nanobits part) { sum += part; });
  return sum;
}

}  // namespace millrace
