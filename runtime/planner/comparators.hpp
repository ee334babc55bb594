// Plans to compare with: `even` (GPipe: the same number of sub-layers per device), `pipedream` (the best cuts
// if all devices were alike) and `fixed` cuts. They ignore memory, and whether one device reaches the next.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_result.hpp"

namespace millrace {

// Only device, layers and coding (0) are filled in; predict() adds the figures. `devices` in the order of the
// pipeline; an error if they cannot share the sub-layers as asked.
Result<std::vector<PlannedStage>> even_stages(const PlanningProblem& problem,
                                              const std::vector<std::size_t>& devices);
Result<std::vector<PlannedStage>> fixed_stages(const PlanningProblem& problem,
                                               const std::vector<std::size_t>& devices,
                                               const std::vector<int>& cuts);
// PipeDream's dynamic program without replication (Narayanan et al. 2019): every device is taken to be the
// mean of all, every link the mean rate between them; the result goes to the devices in the order given.
// Fewer devices than given are used only where more do not help.
Result<std::vector<PlannedStage>> pipedream_stages(const PlanningProblem& problem,
                                                   const std::vector<std::size_t>& devices);

}  // namespace millrace
