#include "sim/net/cross_traffic.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "sim/net/rate_trace.hpp"

namespace millrace {

Bursts::Bursts(const CrossTrafficSpec& spec, std::uint64_t seed, std::size_t index)
    : spec_(spec), random_(seed, fmt::format("cross/{}", index)), at_(spec.start) {
  MR_CHECK(spec.kind == CrossTrafficKind::on_off && spec.on > Duration{});
}

Duration Bursts::period(Duration mean) {
  if (spec_.periods == PeriodKind::constant) return mean;
  const double drawn = random_.exponential() * static_cast<double>(mean.count_ns());
  return std::max(Duration::us(1), Duration::ns(std::llround(drawn)));
}

std::optional<Bursts::Burst> Bursts::next() {
  if (at_ >= spec_.stop || at_ >= RateTrace::kHorizon) return std::nullopt;
  const Time begin = at_;
  const Time end = std::min(begin + period(spec_.on), spec_.stop);
  at_ = end + (spec_.off > Duration{} ? period(spec_.off) : Duration{});
  return Burst{begin, end};
}

}  // namespace millrace
