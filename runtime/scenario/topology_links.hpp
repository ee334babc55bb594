// The connections of a network section, however they were written: segments as the links they stand for.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// `network.links`, then every star's access links: per member up, down.
std::vector<LinkSection> point_to_point_links(const NetworkSection& network);

// Nodes that only forward: `network.switches`, then hubs that are neither devices nor listed switches.
std::vector<std::string> forwarding_nodes(const Scenario& scenario);

// Pairs (from, to) joined by one hop: the links above, and every two members of a medium, both ways.
std::vector<std::pair<std::string, std::string>> hops(const NetworkSection& network);

// All nodes that `from` reaches over these hops, itself included.
std::set<std::string> reached_from(const std::vector<std::pair<std::string, std::string>>& hops,
                                   const std::string& from);
inline bool leads(const std::vector<std::pair<std::string, std::string>>& hops, const std::string& from,
                  const std::string& to) {
  return reached_from(hops, from).contains(to);
}

}  // namespace millrace
