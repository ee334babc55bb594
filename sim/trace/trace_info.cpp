#include "sim/trace/trace_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/base/sha256.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/net/delivery_schedule.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

void add_steps(TraceInfo& info, const LinkRate& rate) {
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate)) {
    info.steps = (*schedule)->size();
    info.smallest_step = Duration::ms(1);
    return;
  }
  const auto trace = rate_trace_of(rate);
  info.steps = trace->size();
  info.smallest_step = trace->duration();
  for (std::size_t i = 0; i < trace->size(); ++i) {
    const auto until = i + 1 < trace->size() ? trace->step(i + 1).from : trace->duration();
    info.smallest_step = std::min(info.smallest_step, until - trace->step(i).from);
  }
}

}  // namespace

Result<TraceInfo> trace_info(const std::string& path, const TraceReading& reading) {
  const auto content = read_trace_file(path);
  if (!content) return content.error();
  TraceInfo info;
  info.path = path;
  auto format = reading.format;
  if (format == TraceFormat::automatic && reading.columns.rate.empty()) {
    const auto detected = detect_trace_format(*content, path);
    if (!detected) return detected.error();
    format = *detected;
  }
  info.format = reading.columns.rate.empty() ? name_of(format) : name_of(TraceFormat::table);
  const auto rate = parse_trace(*content, path, reading);
  if (!rate) return rate.error();
  auto hash = sha256_of_file(path);
  if (!hash) return hash.error();
  info.sha256 = std::move(*hash);
  info.end_rule = name_of(reading.at_end);
  info.statistics = trace_statistics(*rate);
  add_steps(info, *rate);
  return info;
}

std::string to_table(const TraceInfo& info) {
  const auto& s = info.statistics;
  return fmt::format(
      "file        {}\n"
      "format      {}\n"
      "sha256      {}\n"
      "duration    {:.3f} s, then {}\n"
      "steps       {}, the shortest {:g} s\n"
      "mean        {:.3f} Mbit/s\n"
      "over 1 s    min {:.3f}, 5 % {:.3f}, 50 % {:.3f}, 95 % {:.3f}, max {:.3f} Mbit/s\n"
      "outages     {:.1f} % of the seconds carry nothing; the longest lasts {:.3f} s\n",
      info.path, info.format, info.sha256, s.duration.seconds(),
      info.end_rule == "loop" ? "from the start again"
                              : (info.end_rule == "hold" ? "its last rate for ever" : "nothing any more"),
      info.steps, info.smallest_step.seconds(), s.mean_mbit_per_s, s.min_mbit_per_s, s.p5_mbit_per_s,
      s.p50_mbit_per_s, s.p95_mbit_per_s, s.max_mbit_per_s, s.idle_share * 100, s.longest_outage.seconds());
}

std::string to_json(const TraceInfo& info) {
  const auto& s = info.statistics;
  nlohmann::ordered_json root{
      {"file", info.path},
      {"format", info.format},
      {"sha256", info.sha256},
      {"duration_s", s.duration.seconds()},
      {"end", info.end_rule},
      {"steps", info.steps},
      {"native_step_s", info.smallest_step.seconds()},
      {"mean_mbps", s.mean_mbit_per_s},
      {"min_mbps_1s", s.min_mbit_per_s},
      {"max_mbps_1s", s.max_mbit_per_s},
      {"p5_mbps_1s", s.p5_mbit_per_s},
      {"p50_mbps_1s", s.p50_mbit_per_s},
      {"p95_mbps_1s", s.p95_mbit_per_s},
      {"outage_share_1s", s.idle_share},
      {"longest_outage_s", s.longest_outage.seconds()},
      {"autocorrelation",
       {{"1_s", s.autocorrelation_1s}, {"5_s", s.autocorrelation_5s}, {"20_s", s.autocorrelation_20s}}}};
  return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace millrace
