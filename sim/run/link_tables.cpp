#include "sim/run/link_tables.hpp"

#include <filesystem>

#include "runtime/base/log.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/run/csv_file.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// The most rows of a link: a trace of milliseconds, repeated for weeks of scenario time, would fill the disk.
constexpr std::size_t kMaxBandwidthRows = 500'000;

std::string as_bytes(Nanobits amount) { return fmt::format("{:.0f}", static_cast<double>(amount) / 8e9); }

}  // namespace

Result<void> write_bandwidth(const std::string& directory, const NetworkSpec& links, Time end) {
  auto file =
      CsvFile::create((fs::path(directory) / "bandwidth.csv").string(), "from,to,time_ns,rate_mbit_per_s");
  if (!file) return file.error();
  for (const auto& link : links.links) {
    const auto trace = rate_trace_of(link.rate);
    std::size_t rows = 0;
    const auto period = trace->duration() - trace->loop_from();
    for (Duration round; Time::zero() + round <= end; round += period) {
      for (std::size_t i = 0; i < trace->size(); ++i) {
        auto step = trace->step(i);
        const bool ended = i + 1 < trace->size() && trace->step(i + 1).from <= trace->loop_from();
        if (round > Duration{} && ended) continue;  // played once
        if (round > Duration{}) step.from = std::max(step.from, trace->loop_from());
        if (Time::zero() + round + step.from > end || ++rows > kMaxBandwidthRows) break;
        file->row("{},{},{},{}", links.devices[link.from.value], links.devices[link.to.value],
                  (round + step.from).count_ns(), step.rate.mbit_per_s());
      }
      if (rows > kMaxBandwidthRows) {
        log_warning("bandwidth.csv: {} to {} ends after {} rows; the trace goes on",
                    links.devices[link.from.value], links.devices[link.to.value], kMaxBandwidthRows);
        break;
      }
      if (trace->at_end() != TraceEnd::loop || period <= Duration{}) break;
    }
  }
  return file->close();
}

Result<void> write_links(const std::string& directory, const NetworkSpec& links, LinkMeter& meter, Time end) {
  auto file = CsvFile::create((fs::path(directory) / "links.csv").string(),
                              "from,to,time_ns,interval_ns,offered_bytes,delivered_bytes,queued_bytes,"
                              "dropped_bytes,lost_bytes,capacity_bytes,utilisation");
  if (!file) return file.error();
  for (std::uint32_t i = 0; i < links.links.size(); ++i) {
    const auto rows = meter.intervals(LinkId{i}, end);
    Time from;
    for (const LinkInterval& row : rows) {
      const Time until = std::min(end, from + meter.interval());
      const auto used =
          row.capacity > 0
              ? fmt::format("{:.6f}", static_cast<double>(row.carried) / static_cast<double>(row.capacity))
              : std::string();
      file->row("{},{},{},{},{},{},{},{},{},{},{}", links.devices[links.links[i].from.value],
                links.devices[links.links[i].to.value], from.count_ns(), (until - from).count_ns(),
                row.offered.count(), row.delivered.count(), row.queued.count(), row.dropped.count(),
                row.lost.count(), as_bytes(row.capacity), used);
      from = until;
    }
    if (from < end)
      log_warning("links.csv: {} to {} ends at {:.3f} s; a larger run.link_interval has room for all",
                  links.devices[links.links[i].from.value], links.devices[links.links[i].to.value],
                  from.seconds());
  }
  return file->close();
}

}  // namespace millrace
