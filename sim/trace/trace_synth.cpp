#include "sim/trace/trace_synth.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

// Φ(z) of the standard normal.
double normal_share(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double quantile(const SynthKind& kind, double share) {
  if (share < kind.outage_share) return 0;
  const auto above = std::upper_bound(kSynthShares.begin(), kSynthShares.end() - 1, share);
  const auto i = static_cast<std::size_t>(above - kSynthShares.begin());
  const double within = (share - kSynthShares[i - 1]) / (kSynthShares[i] - kSynthShares[i - 1]);
  return kind.mbit_per_s[i - 1] + (kind.mbit_per_s[i] - kind.mbit_per_s[i - 1]) * within;
}

// An AR(1) process of unit variance that starts in its stationary distribution.
class Wander {
 public:
  Wander(std::uint64_t seed, const std::string& stream, double time_constant_s)
      : random_(seed, stream), keep_(std::exp(-1 / time_constant_s)), value_(random_.normal()) {}
  double next() {
    const double now = value_;
    value_ = keep_ * value_ + std::sqrt(1 - keep_ * keep_) * random_.normal();
    return now;
  }

 private:
  Random random_;
  double keep_, value_;
};

}  // namespace

std::vector<std::string> synth_names() {
  std::vector<std::string> names;
  for (const auto& kind : synth_kinds()) names.emplace_back(kind.name);
  return names;
}

Result<RateTrace> synthesize(const SynthRequest& request) {
  const auto kinds = synth_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const SynthKind& known) { return known.name == request.kind; });
  if (kind == kinds.end())
    return Error{fmt::format("there is no kind of trace \"{}\"; known: {}", request.kind,
                             fmt::join(synth_names(), ", ")),
                 ExitCode::usage};
  if (!(request.duration_s >= 1 && request.duration_s <= 1e6))
    return Error{fmt::format("a generated trace lasts 1 to 1e6 s, got {:g}", request.duration_s),
                 ExitCode::usage};
  const std::string stream = "synth/" + request.kind;
  Random white(request.seed, stream + "/white");
  Wander fast(request.seed, stream + "/fast", kind->fast_s);
  Wander slow(request.seed, stream + "/slow", kind->slow_s);
  const auto seconds = static_cast<std::int64_t>(std::ceil(request.duration_s));
  std::vector<RateStep> steps;
  for (std::int64_t second = 0; second < seconds; ++second) {
    const double z = std::sqrt(kind->white) * white.normal() + std::sqrt(kind->fast) * fast.next() +
                     std::sqrt(kind->slow) * slow.next();
    const double mbit_per_s = quantile(*kind, normal_share(z));
    steps.push_back({Duration::s(second), BitRate(std::llround(mbit_per_s * 1e3) * 1000)});
  }
  return RateTrace::make(std::move(steps), Duration::s(seconds), TraceEnd::loop);
}

}  // namespace millrace
