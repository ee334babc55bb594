#include "runtime/scenario/run_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/scenario/topology_links.hpp"

namespace millrace {

bool means_link(const std::string& text, const std::string& from, const std::string& to) {
  return text == from + "->" + to || text == from + "-" + to || text == to + "-" + from;
}

void check_run(const Scenario& scenario, ProblemLog& log) {
  if (!log.good("run.pcap") || !log.good("network") || !log.good("devices")) return;
  const auto joined = hops(scenario.network);
  for (std::size_t i = 0; i < scenario.run.pcap.size(); ++i) {
    const std::string& text = scenario.run.pcap[i];
    const bool known = std::any_of(joined.begin(), joined.end(), [&](const auto& link) {
      return means_link(text, link.first, link.second);
    });
    const std::string at = fmt::format("run.pcap[{}]", i);
    if (!known)
      log.report(at, fmt::format("{} is no link of this scenario, got \"{}\"; write it as a-b, or as a->b "
                                 "for one direction",
                                 at, text));
  }
}

}  // namespace millrace
