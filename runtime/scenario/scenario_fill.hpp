// From a checked tree to the structs of a scenario.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

struct FilledScenario {
  Scenario scenario;
  std::vector<std::size_t> link_item;   // by link: the index in `network.links` it was read from
  std::vector<std::size_t> event_item;  // by event: the index in `events`
  bool has_model = false;               // the name is known; its dimensions may contradict each other
};

FilledScenario fill_scenario(const Fields& fields, bool agents_elsewhere = false);

}  // namespace millrace
