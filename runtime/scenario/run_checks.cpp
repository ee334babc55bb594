#include "runtime/scenario/run_checks.hpp"

#include <fmt/format.h>

#include "runtime/scenario/link_text.hpp"
#include "runtime/scenario/topology_links.hpp"

namespace millrace {

void check_run(const Scenario& scenario, ProblemLog& log) {
  if (!log.good("run.pcap") || !log.good("network") || !log.good("devices")) return;
  const auto joined = hops(scenario.network);
  for (std::size_t i = 0; i < scenario.run.pcap.size(); ++i) {
    const std::string& text = scenario.run.pcap[i];
    const std::string at = fmt::format("run.pcap[{}]", i);
    if (!log.good(at)) continue;
    if (!means_any_link(text, joined))
      log.report(at, fmt::format("{} is no link of this scenario, got \"{}\"; write it as a-b, or as a->b "
                                 "for one direction",
                                 at, text));
    else if (const auto two = two_meanings(text, joined); !two.empty())
      log.report(at, fmt::format("{} {}", at, two));
  }
}

}  // namespace millrace
