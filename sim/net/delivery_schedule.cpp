#include "sim/net/delivery_schedule.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace millrace {
namespace {

Error invalid(std::string message) {
  return {"a delivery schedule " + std::move(message), ExitCode::invalid_input};
}

Duration ms(std::uint64_t n) { return Duration::ms(static_cast<std::int64_t>(n)); }

Result<RateTrace> spread(const std::vector<std::uint64_t>& milliseconds) {
  const std::int64_t bit_per_s = DeliverySchedule::kOpportunityPayload.bits() * 1000;
  const std::uint64_t period = milliseconds.back();
  const auto first = std::upper_bound(milliseconds.begin(), milliseconds.end(), 0U);
  const auto zeros = first - milliseconds.begin();  // fall on the period's last millisecond
  std::vector<RateStep> steps;
  std::uint64_t covered = 0;
  for (auto it = first; it != milliseconds.end();) {
    const std::uint64_t at = *it;
    const auto end = std::upper_bound(it, milliseconds.end(), at);
    const auto count = (end - it) + (at == period ? zeros : 0);
    if (at - 1 > covered) steps.push_back({ms(covered), BitRate(0)});
    steps.push_back({ms(at - 1), BitRate(bit_per_s * count)});
    covered = at;
    it = end;
  }
  return RateTrace::make(std::move(steps), ms(period), TraceEnd::loop);
}

}  // namespace

Result<DeliverySchedule> DeliverySchedule::make(std::vector<std::uint64_t> milliseconds) {
  if (milliseconds.empty()) return invalid("needs at least one opportunity");
  if (milliseconds.size() > kMaxOpportunities)
    return invalid(fmt::format("may have {} opportunities, got {}", kMaxOpportunities, milliseconds.size()));
  if (milliseconds.back() == 0) return invalid("must end later than at 0 ms: its last value is its period");
  if (milliseconds.back() > kMaxPeriodMs)
    return invalid(fmt::format("may last {} ms, got {}", kMaxPeriodMs, milliseconds.back()));
  const auto drop =
      std::is_sorted_until(milliseconds.begin(), milliseconds.end(), std::less<std::uint64_t>());
  if (drop != milliseconds.end())
    return invalid(fmt::format("must go forward in time, got {} ms after {} ms", *drop, *(drop - 1)));
  auto rates = spread(milliseconds);
  if (!rates) return rates.error();
  DeliverySchedule schedule;
  schedule.milliseconds_ = std::move(milliseconds);
  schedule.rate_trace_ = std::make_shared<const RateTrace>(std::move(*rates));
  return schedule;
}

Time DeliverySchedule::at(std::uint64_t index) const {
  const std::uint64_t n = milliseconds_.size();
  return Time::zero() + period() * static_cast<std::int64_t>(index / n) + ms(milliseconds_[index % n]);
}

std::uint64_t DeliverySchedule::first_after(Time t) const {
  MR_CHECK(t >= Time::zero());
  const std::int64_t period_ns = period().count_ns();
  const auto round = static_cast<std::uint64_t>(t.count_ns() / period_ns);
  const auto within_ms = static_cast<std::uint64_t>(t.count_ns() % period_ns) / 1'000'000;
  const auto after = std::upper_bound(milliseconds_.begin(), milliseconds_.end(), within_ms);
  return round * milliseconds_.size() + static_cast<std::uint64_t>(after - milliseconds_.begin());
}

}  // namespace millrace
