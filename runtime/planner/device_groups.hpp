// Groups of devices that are nearly alike. Every member of a group is taken to be as good in every number as
// the best of the group, or as bad as the worst. A plan for the best is a bound, a plan for the worst can be
// carried out.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_problem.hpp"

namespace millrace {

using DeviceGroups = std::vector<std::vector<std::size_t>>;  // indices of devices that run stages

// Merges the two groups most alike until a SubsetGraph over the groups has at most `most_nodes` nodes.
DeviceGroups group_devices(const PlanningProblem& problem, double most_nodes);

enum class GroupView : std::uint8_t { best, worst };

// The same problem with every member of a group as the group's best or worst. Devices keep their indices;
// two more are added for source and sink, so that a device that is source or sink can be of its group's type.
PlanningProblem grouped_problem(const PlanningProblem& problem, const DeviceGroups& groups, GroupView view);

}  // namespace millrace
