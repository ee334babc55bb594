// Progress of a search, and the way to end it.
#pragma once

#include <functional>
#include <string_view>

namespace millrace {

struct PlanningProgress {
  std::string_view phase;  // "searching all subsets of devices"
  double share = 0;        // of the phase, 0..1
};
// Called every few milliseconds. Returning false ends the search with the error "planning was interrupted".
using PlanningWatch = std::function<bool(const PlanningProgress&)>;

}  // namespace millrace
