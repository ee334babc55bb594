#include "sim/run/link_report.hpp"

#include <fmt/format.h>

#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"

namespace millrace {

DeviceId device_id(const Scenario& scenario, const std::string& name) {
  for (std::uint32_t i = 0; i < scenario.devices.size(); ++i) {
    if (scenario.devices[i].name == name) return {i};
  }
  MR_CHECK(false, "a good scenario knows its devices");
  return {};
}

Result<void> probe_links(RealLinks& links, const Plan& plan, const std::string& directory) {
  std::vector<std::pair<DeviceId, DeviceId>> ways;
  for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i)
    ways.emplace_back(plan.device_of({i}), plan.device_of({i + 1}));
  const auto probed = links.probe(ways);
  if (!probed) return probed.error();
  std::string table =
      "from,to,asked_mbit_per_s,measured_mbit_per_s,asked_delay_ms,measured_delay_ms,asked_loss,packets_sent,"
      "packets_received\n";
  for (const auto& link : *probed) {
    table += fmt::format("{},{},{:.6g},{:.6g}", link.from, link.to, link.asked.mbit_per_s(),
                         link.measured.mbit_per_s());
    std::string more;
    if (const auto& packets = link.packets) {
      table += fmt::format(",{:.6g},{:.6g},{:.6g},{},{}\n", packets->asked_delay.milliseconds(),
                           packets->measured_delay.milliseconds(), packets->asked_loss, packets->sent,
                           packets->received);
      more = fmt::format("; delay {:.4g} ms, measured {:.4g}; loss {:.3g} %, {} of {} packets did not come",
                         packets->asked_delay.milliseconds(), packets->measured_delay.milliseconds(),
                         100 * packets->asked_loss, packets->sent - packets->received, packets->sent);
    } else {
      table += ",,,,,\n";
    }
    log_note("link {} -> {}: asked {:.4g} Mbit/s, measured {:.4g}{}", link.from, link.to,
             link.asked.mbit_per_s(), link.measured.mbit_per_s(), more);
  }
  return write_output_lazily(directory + "/probe.csv", table);
}

}  // namespace millrace
