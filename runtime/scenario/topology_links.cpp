#include "runtime/scenario/topology_links.hpp"

#include <algorithm>
#include <map>

namespace millrace {

std::vector<LinkSection> point_to_point_links(const NetworkSection& network) {
  std::vector<LinkSection> links = network.links;
  for (const auto& segment : network.segments) {
    if (segment.kind != SegmentKind::star) continue;
    for (const auto& access : segment.access) {
      for (const auto& member : access.members) {
        links.push_back(access.up);
        links.back().from = member;
        links.back().to = segment.hub;
        links.push_back(access.down);
        links.back().from = segment.hub;
        links.back().to = member;
      }
    }
  }
  return links;
}

std::vector<std::string> forwarding_nodes(const Scenario& scenario) {
  std::vector<std::string> nodes = scenario.network.switches;
  for (const auto& segment : scenario.network.segments) {
    if (segment.kind != SegmentKind::star || segment.hub.empty()) continue;
    const bool is_device = std::any_of(scenario.devices.begin(), scenario.devices.end(),
                                       [&](const auto& d) { return d.name == segment.hub; });
    if (!is_device && std::find(nodes.begin(), nodes.end(), segment.hub) == nodes.end())
      nodes.push_back(segment.hub);
  }
  return nodes;
}

std::vector<std::pair<std::string, std::string>> hops(const NetworkSection& network) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& link : point_to_point_links(network)) pairs.emplace_back(link.from, link.to);
  for (const auto& segment : network.segments) {
    if (segment.kind == SegmentKind::star) continue;
    for (const auto& from : segment.members) {
      for (const auto& to : segment.members) {
        if (from != to) pairs.emplace_back(from, to);
      }
    }
  }
  return pairs;
}

std::set<std::string> reached_from(const std::vector<std::pair<std::string, std::string>>& hops,
                                   const std::string& from) {
  std::map<std::string, std::vector<std::string>> next;
  for (const auto& [here, there] : hops) next[here].push_back(there);
  std::set<std::string> reached{from};
  for (std::vector<std::string> open{from}; !open.empty();) {
    const std::string at = std::move(open.back());
    open.pop_back();
    for (const auto& to : next[at]) {
      if (reached.insert(to).second) open.push_back(to);
    }
  }
  return reached;
}

}  // namespace millrace
