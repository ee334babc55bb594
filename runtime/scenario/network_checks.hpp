// Checks across the values of `network`: names, ends of links, the keys that each kind of segment needs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

// All must outlive the check.
struct NetworkToCheck {
  const Scenario& scenario;
  const std::vector<std::size_t>& link_item;               // as in FilledScenario
  const std::map<std::string, std::size_t>& device_index;  // of all devices with good names
};

void check_network_section(const NetworkToCheck& network, ProblemLog& log);

}  // namespace millrace
