#include "sim/trace/trace_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "sim/net/delivery_schedule.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/trace/trace_transform.hpp"

namespace millrace {
namespace {

constexpr std::string_view kZeroNote = "# mahimahi opportunities at 0 ms: ";

bool whole_ms(Duration time) { return time.count_ns() % 1'000'000 == 0; }

bool all_in_ms(const RateTrace& trace) {
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (!whole_ms(trace.step(i).from)) return false;
  }
  return whole_ms(trace.duration());
}

// Shortest decimal of count / 10^digits: exact.
std::string scaled(std::int64_t count, int digits) {
  std::int64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  auto text = fmt::format("{}", count / unit);
  if (count % unit == 0) return text;
  auto rest = fmt::format("{:0{}}", count % unit, digits);
  rest.erase(rest.find_last_not_of('0') + 1);
  return text + "." + rest;
}

}  // namespace

std::string csv_text(const LinkRate& rate, const std::string& provenance) {
  fmt::memory_buffer out;
  const auto to = std::back_inserter(out);
  if (!provenance.empty()) fmt::format_to(to, "# {}\n", provenance);
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate)) {
    const auto& ms = (*schedule)->milliseconds();
    if (const auto zeros = std::upper_bound(ms.begin(), ms.end(), 0U) - ms.begin(); zeros > 0)
      fmt::format_to(to, "{}{}\n", kZeroNote, zeros);
  }
  const auto trace = rate_trace_of(rate);
  const bool in_ms = all_in_ms(*trace);
  fmt::format_to(to, "time_{},rate_mbit_per_s\n", in_ms ? "ms" : "ns");
  const auto time = [&](Duration at) { return in_ms ? at.count_ns() / 1'000'000 : at.count_ns(); };
  for (std::size_t i = 0; i < trace->size(); ++i) {
    const auto [from, bits] = trace->step(i);
    fmt::format_to(to, "{},{}\n", time(from), scaled(bits.bit_per_s(), 6));
  }
  fmt::format_to(to, "{},end\n", time(trace->duration()));
  return fmt::to_string(out);
}

std::size_t zero_opportunities(std::string_view csv) {
  while (csv.starts_with('#')) {
    if (csv.starts_with(kZeroNote)) {
      csv.remove_prefix(kZeroNote.size());
      std::size_t count = 0;
      std::from_chars(csv.data(), csv.data() + csv.size(), count);
      return count;
    }
    const auto end = csv.find('\n');
    if (end == std::string_view::npos) break;
    csv.remove_prefix(end + 1);
  }
  return 0;
}

Result<std::string> mahimahi_text(const LinkRate& rate, std::size_t zero_opportunities) {
  std::vector<std::uint64_t> milliseconds;
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate)) {
    milliseconds = (*schedule)->milliseconds();
  } else {
    auto made = opportunities_of(*rate_trace_of(rate));
    if (!made) return made.error();
    milliseconds = made->milliseconds();
    const auto at_end = static_cast<std::size_t>(
        milliseconds.end() - std::lower_bound(milliseconds.begin(), milliseconds.end(), milliseconds.back()));
    if (zero_opportunities >= at_end && zero_opportunities > 0)
      return Error{fmt::format("{} opportunities at 0 ms were requested, but the last millisecond has {}",
                               zero_opportunities, at_end),
                   ExitCode::invalid_input};
    milliseconds.resize(milliseconds.size() - zero_opportunities);
    milliseconds.insert(milliseconds.begin(), zero_opportunities, 0);
  }
  fmt::memory_buffer out;
  for (const auto ms : milliseconds) fmt::format_to(std::back_inserter(out), "{}\n", ms);
  return fmt::to_string(out);
}

std::string two_column_text(const LinkRate& rate) {
  fmt::memory_buffer out;
  const auto to = std::back_inserter(out);
  const auto trace = rate_trace_of(rate);
  const auto row = [&](Duration at, BitRate bits) {
    fmt::format_to(to, "{}\t{}\n", scaled(at.count_ns(), 9), scaled(bits.bit_per_s(), 6));
  };
  row({}, trace->step(0).rate);
  for (std::size_t i = 0; i < trace->size(); ++i)
    row(i + 1 < trace->size() ? trace->step(i + 1).from : trace->duration(), trace->step(i).rate);
  return fmt::to_string(out);
}

}  // namespace millrace
