// Settings that are accepted but probably not meant: warnings and not errors, because they may be meant.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// Before the run: neighbours of the plan whose route leads over another device for want of a link; traces,
// loss models and events of links that nothing uses; a microbatch larger than all images; a bound on a figure
// that the mode does not have. REQUIRES a plan of the scenario.
std::vector<std::string> doubts_of(const Scenario& scenario, const Plan& plan);

// After the run: events scheduled later than its end.
std::vector<std::string> unseen_events(const Scenario& scenario, Time end);

}  // namespace millrace
