#include "sim/trace/trace_transform.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/limits.hpp"
#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

Error invalid(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

Result<void> check_offset(Duration offset, Duration duration) {
  if (offset < duration) return {};
  return invalid(fmt::format("the offset {:g} s is not before the trace's end at {:g} s", offset.seconds(),
                             duration.seconds()));
}

Result<RateTrace> shifted(const RateTrace& trace, const TraceShift& shift) {
  MR_CHECK(trace.loop_from() == Duration{}, "traces of files loop as a whole");
  std::vector<RateStep> steps;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const double wanted = static_cast<double>(trace.step(i).rate.bit_per_s()) * shift.scale;
    if (wanted > static_cast<double>(kMaxBitPerS))
      return invalid(fmt::format("the scale {:g} makes a rate of {:g} bit/s; rates are at most {}",
                                 shift.scale, wanted, kMaxRateText));
  }
  const auto scaled = [&](BitRate rate) {
    return BitRate(std::llround(static_cast<double>(rate.bit_per_s()) * shift.scale));
  };
  std::vector<RateStep> wrapped;  // the part before the offset, which a loop plays last
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const auto [from, rate] = trace.step(i);
    const auto until = i + 1 < trace.size() ? trace.step(i + 1).from : trace.duration();
    if (until > shift.offset) steps.push_back({std::max(from, shift.offset) - shift.offset, scaled(rate)});
    if (from < shift.offset) wrapped.push_back({from + trace.duration() - shift.offset, scaled(rate)});
  }
  if (trace.at_end() != TraceEnd::loop)
    return RateTrace::make(std::move(steps), trace.duration() - shift.offset, trace.at_end());
  steps.insert(steps.end(), wrapped.begin(), wrapped.end());
  return RateTrace::make(std::move(steps), trace.duration(), TraceEnd::loop);
}

Result<DeliverySchedule> shifted(const DeliverySchedule& schedule, const TraceShift& shift) {
  const auto period = schedule.milliseconds().back();
  const auto offset = static_cast<std::uint64_t>(std::llround(shift.offset.milliseconds()));
  std::vector<std::uint64_t> turned;
  turned.reserve(schedule.size());
  // An opportunity at the offset itself comes at the end of the round, as one at 0 does.
  for (const auto ms : schedule.milliseconds())
    turned.push_back(offset == 0 ? ms : ms > offset ? ms - offset : ms + period - offset);
  std::sort(turned.begin(), turned.end());
  if (turned.back() != period) turned.push_back(period);  // the period is the last value
  auto made = DeliverySchedule::make(std::move(turned));
  if (!made || shift.scale == 1) return made;
  auto scaled = shifted(*made->rate_trace(), TraceShift{.offset = {}, .scale = shift.scale});
  if (!scaled) return scaled.error();
  return opportunities_of(*scaled);
}

}  // namespace

Result<DeliverySchedule> opportunities_of(const RateTrace& trace) {
  const auto period = static_cast<std::uint64_t>(std::ceil(trace.duration().milliseconds()));
  const auto packet = nanobits(DeliverySchedule::kOpportunityPayload);
  const auto count = static_cast<std::size_t>(
      std::min(trace.total() / packet, Nanobits{DeliverySchedule::kMaxOpportunities} + 1));
  if (count > DeliverySchedule::kMaxOpportunities)
    return invalid(fmt::format("a mahimahi trace may have {} opportunities, this would have more",
                               DeliverySchedule::kMaxOpportunities));
  if (count == 0) return invalid("the trace does not carry one packet of 1500 bytes");
  std::vector<std::uint64_t> milliseconds;
  milliseconds.reserve(count + 1);
  for (std::size_t k = 1; k <= count; ++k) {
    const auto at = trace.when(packet * static_cast<std::int64_t>(k));
    MR_CHECK(at.has_value(), "the trace carries so many packets");
    constexpr std::int64_t kMs = 1'000'000;
    milliseconds.push_back(static_cast<std::uint64_t>((at->count_ns() + kMs - 1) / kMs));
  }
  if (milliseconds.back() < period) milliseconds.back() = period;
  return DeliverySchedule::make(std::move(milliseconds));
}

Result<LinkRate> transformed(const LinkRate& rate, const TraceShift& shift) {
  MR_CHECK(shift.offset >= Duration{} && shift.scale > 0);
  if (shift.offset == Duration{} && shift.scale == 1) return rate;
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate)) {
    if (auto sound = check_offset(shift.offset, (*schedule)->period()); !sound) return sound.error();
    auto made = shifted(**schedule, shift);
    if (!made) return made.error();
    return LinkRate(std::make_shared<const DeliverySchedule>(std::move(*made)));
  }
  const auto trace = rate_trace_of(rate);
  if (auto sound = check_offset(shift.offset, trace->duration()); !sound) return sound.error();
  auto made = shifted(*trace, shift);
  if (!made) return made.error();
  return LinkRate(std::make_shared<const RateTrace>(std::move(*made)));
}

}  // namespace millrace
