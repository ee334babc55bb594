#include "runtime/scenario/run_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

bool means_link(const std::string& text, const std::string& from, const std::string& to) {
  return text == from + "->" + to || text == from + "-" + to || text == to + "-" + from;
}

void check_run(const Scenario& scenario, ProblemLog& log) {
  if (!log.good("run.pcap") || !log.good("network.links") || !log.good("devices")) return;
  for (std::size_t i = 0; i < scenario.run.pcap.size(); ++i) {
    const std::string& text = scenario.run.pcap[i];
    const auto& links = scenario.network.links;
    const bool known = std::any_of(links.begin(), links.end(), [&](const LinkSection& link) {
      return means_link(text, link.from, link.to);
    });
    const std::string at = fmt::format("run.pcap[{}]", i);
    if (!known)
      log.report(at, fmt::format("{} is no link of this scenario, got \"{}\"; write it as a-b, or as a->b "
                                 "for one direction",
                                 at, text));
  }
}

}  // namespace millrace
