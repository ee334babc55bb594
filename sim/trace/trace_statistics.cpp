#include "sim/trace/trace_statistics.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr double kPacketMbit = 0.012;  // 1500 bytes

std::vector<double> rate_bins(const RateTrace& trace) {
  const std::int64_t seconds = trace.duration().count_ns() / Duration::s(1).count_ns();
  std::vector<double> bins;
  Nanobits before = 0;
  for (std::int64_t k = 1; k <= seconds; ++k) {
    // The instant of the end belongs to the next round of a looping trace, so total() is used there.
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

double autocorrelation(const std::vector<double>& bins, std::size_t lag) {
  if (bins.size() < 2 * lag) return 0;
  const double mean = std::accumulate(bins.begin(), bins.end(), 0.0) / static_cast<double>(bins.size());
  double together = 0;
  double alone = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    alone += (bins[i] - mean) * (bins[i] - mean);
    if (i + lag < bins.size()) together += (bins[i] - mean) * (bins[i + lag] - mean);
  }
  if (alone == 0) return 0;
  const auto n = static_cast<double>(bins.size());
  return together / (n - static_cast<double>(lag)) / (alone / n);
}

Duration longest_outage(const RateTrace& trace) {
  Duration longest;
  for (std::size_t i = 0; i < trace.size(); ++i) {  // equal neighbours are one step
    const auto until = i + 1 < trace.size() ? trace.step(i + 1).from : trace.duration();
    if (trace.step(i).rate == BitRate(0)) longest = std::max(longest, until - trace.step(i).from);
  }
  return longest;
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
  result.longest_outage = longest_outage(*rate_trace_of(rate));
  result.autocorrelation_1s = autocorrelation(bins, 1);
  result.autocorrelation_5s = autocorrelation(bins, 5);
  result.autocorrelation_20s = autocorrelation(bins, 20);
  std::sort(bins.begin(), bins.end());
  result.min_mbit_per_s = bins.front();
  result.max_mbit_per_s = bins.back();
  result.p5_mbit_per_s = percentile(bins, 0.05);
  result.p50_mbit_per_s = percentile(bins, 0.5);
  result.p95_mbit_per_s = percentile(bins, 0.95);
  // Half a bit of slack: bins are sums of floating-point numbers.
  const auto idle = std::lower_bound(bins.begin(), bins.end(), kPacketMbit - 0.5e-6) - bins.begin();
  result.idle_share = static_cast<double>(idle) / static_cast<double>(bins.size());
  return result;
}

}  // namespace millrace
