#include "sim/net/trace_statistics.hpp"

#include <algorithm>
#include <vector>

#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kSecondMs = 1000;

std::vector<double> rate_bins(const RateTrace& trace) {
  const std::int64_t seconds = trace.duration().count_ns() / Duration::s(1).count_ns();
  std::vector<double> bins;
  Nanobits before = 0;
  for (std::int64_t k = 1; k <= seconds; ++k) {
    // The end itself belongs to the next round of a looping trace.
    const Nanobits until =
        Duration::s(k) == trace.duration() ? trace.total() : trace.cumulative(Time::zero() + Duration::s(k));
    bins.push_back(static_cast<double>(until - before) * 1e-15);
    before = until;
  }
  return bins;
}

std::vector<double> opportunity_bins(const DeliverySchedule& schedule) {
  const auto seconds = schedule.milliseconds().back() / kSecondMs;
  std::vector<double> bins(seconds, 0);
  const double mbit = static_cast<double>(DeliverySchedule::kOpportunityPayload.bits()) * 1e-6;
  for (const std::uint64_t ms : schedule.milliseconds())
    if (ms / kSecondMs < seconds)
      bins[ms / kSecondMs] += mbit;
    else if (seconds > 0 && schedule.milliseconds().back() == seconds * kSecondMs)
      bins[seconds - 1] += mbit;  // the end of a trace of whole seconds
  return bins;
}

double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const double high = sorted[std::min(low + 1, sorted.size() - 1)];
  return sorted[low] + (high - sorted[low]) * (at - static_cast<double>(low));
}

}  // namespace

TraceStatistics trace_statistics(const LinkRate& rate) {
  TraceStatistics result;
  std::vector<double> bins;
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate)) {
    result.duration = (*schedule)->period();
    const auto bits = static_cast<double>((*schedule)->size()) *
                      static_cast<double>(DeliverySchedule::kOpportunityPayload.bits());
    result.mean_mbit_per_s = bits * 1e-6 / result.duration.seconds();
    bins = opportunity_bins(**schedule);
  } else {
    const auto trace = rate_trace_of(rate);
    result.duration = trace->duration();
    result.mean_mbit_per_s = static_cast<double>(trace->total()) * 1e-15 / result.duration.seconds();
    bins = rate_bins(*trace);
  }
  if (bins.empty()) bins.push_back(result.mean_mbit_per_s);
  std::sort(bins.begin(), bins.end());
  result.min_mbit_per_s = bins.front();
  result.max_mbit_per_s = bins.back();
  result.p5_mbit_per_s = percentile(bins, 0.05);
  const auto idle = std::upper_bound(bins.begin(), bins.end(), 0.0) - bins.begin();
  result.idle_share = static_cast<double>(idle) / static_cast<double>(bins.size());
  return result;
}

}  // namespace millrace
