// Trace readers under arbitrary bytes. The first byte chooses format, end rule and options, the rest is the
// file. With MILLRACE_TRACE_FORMAT defined the format is that one: a program per reader, for long runs.
// Also run as a smoke test by tests/sim_trace, on seeded mutations of good files.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace {

using namespace millrace;

TraceReading reading_of(std::uint8_t choice) {
#ifdef MILLRACE_TRACE_FORMAT
  constexpr auto kFormat = TraceFormat::MILLRACE_TRACE_FORMAT;
  const unsigned end = choice & 7U;
#else
  const auto kFormat = static_cast<TraceFormat>(choice & 7U);
  const unsigned end = choice >> 4U;
#endif
  TraceReading reading{.format = kFormat,
                       .at_end = static_cast<TraceEnd>(end % 3U),
                       .row_interval = (choice & 8U) != 0 ? TraceRows::starting : TraceRows::ending};
  if ((choice & 64U) != 0) {
    reading.columns = {
        .time = "t", .rate = "r", .time_unit = "ms", .unit_column = "u", .where = {{"w", "1"}}};
    reading.scale = 0.5;
  }
  if ((choice & 128U) != 0) {
    reading.series = "DL_bitrate";
    reading.offset = Duration::ms(1500);
  }
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const TraceReading reading = reading_of(bytes[0]);
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto parsed = parse_trace(text, "input", reading);
  TraceLint lint;
  const auto repaired = lint_trace(text, "input", reading, lint);
  // If reading refuses a file, lint has a finding or calls the file beyond repair; an accepted file needs no
  // repair, except of absurd rates and gaps.
  MR_CHECK(parsed.ok() || !repaired.ok() || !lint.findings.empty());
  if (!parsed) {
    MR_CHECK(parsed.error().message.starts_with("input:"), "an error names its file");
    return 0;
  }
  // An accepted trace must be consistent.
  const RateTrace& trace = *rate_trace_of(*parsed);
  const Time end = Time::zero() + trace.duration();
  const auto reached = trace.when(trace.total());
  MR_CHECK(reached && *reached <= end && trace.cumulative(*reached) == trace.total());
  MR_CHECK(trace.cumulative(end) == trace.total());
  // Statistics loop over bins of one second, so very long traces are left out.
  if (trace.duration() < Duration::s(100'000)) {
    const auto statistics = trace_statistics(*parsed);
    MR_CHECK(statistics.min_mbit_per_s <= statistics.p5_mbit_per_s &&
             statistics.p5_mbit_per_s <= statistics.max_mbit_per_s);
  }
  return 0;
}
