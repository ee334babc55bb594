// Trace readers under arbitrary bytes. The first byte chooses format and end rule, the rest is the file.
// Also run as a smoke test by tests/sim_net, on seeded mutations of good files.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"
#include "sim/trace/trace_statistics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  if (size == 0) return 0;
  const TraceReading reading{.format = static_cast<TraceFormat>(bytes[0] & 7U),
                             .at_end = static_cast<TraceEnd>((bytes[0] >> 4U) % 3U),
                             .row_interval = (bytes[0] & 8U) != 0 ? TraceRows::starting : TraceRows::ending};
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto parsed = parse_trace(text, "input", reading);
  TraceLint lint;
  const auto repaired = lint_trace(text, "input", reading, lint);
  // What reading refuses, lint has found or calls beyond repair; what it accepts needs no repair but for
  // absurd rates and gaps.
  MR_CHECK(parsed.ok() || !repaired.ok() || !lint.findings.empty());
  if (!parsed) {
    MR_CHECK(parsed.error().message.starts_with("input:"), "an error names its file");
    return 0;
  }
  // A trace that was accepted must hold together.
  const RateTrace& trace = *rate_trace_of(*parsed);
  const Time end = Time::zero() + trace.duration();
  const auto reached = trace.when(trace.total());
  MR_CHECK(reached && *reached <= end && trace.cumulative(*reached) == trace.total());
  MR_CHECK(trace.cumulative(end) == trace.total());
  // Bins of one second are counted in a loop: not for the accepted but absurdly long.
  if (trace.duration() < Duration::s(100'000)) {
    const auto statistics = trace_statistics(*parsed);
    MR_CHECK(statistics.min_mbit_per_s <= statistics.p5_mbit_per_s &&
             statistics.p5_mbit_per_s <= statistics.max_mbit_per_s);
  }
  return 0;
}
