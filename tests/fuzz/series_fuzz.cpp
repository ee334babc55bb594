// Readers of delay and loss series under arbitrary bytes: accepted series lie in their range at every
// instant.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.hpp"
#include "sim/net/network_check.hpp"
#include "sim/trace/series_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  if (size == 0) return 0;
  const SeriesReading reading{.at_end = static_cast<TraceEnd>(bytes[0] % 3U),
                              .offset = Duration::ms(bytes[0])};
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto delay = parse_delay_series(text, "input", reading);
  const auto loss = parse_loss_series(text, "input", reading);
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 40, std::int64_t{1} << 62}) {
    const Time at = Time::at_ns(ns);
    MR_CHECK(!delay || (delay->at(at) >= Duration{} && delay->at(at) <= kMaxDelay));
    MR_CHECK(!loss || (loss->at(at) >= 0 && loss->at(at) < 1));
  }
  if (!delay) MR_CHECK(delay.error().message.starts_with("input:"), "an error names its file");
  return 0;
}
