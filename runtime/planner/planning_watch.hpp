// How a search tells how far it is, and hears that it is to end.
#pragma once

#include <functional>
#include <string_view>

namespace millrace {

struct PlanningProgress {
  std::string_view phase;  // "bottleneck between 1.2 s and 1.9 s"
  double share = 0;        // of the phase, 0..1
};
// False ends the search with the error "interrupted". Asked every few milliseconds.
using PlanningWatch = std::function<bool(const PlanningProgress&)>;

}  // namespace millrace
