// Devices that are nearly alike taken for one kind of device: the best of each group in every number, or the
// worst. Plans for the best are a bound, plans for the worst can be carried out.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_problem.hpp"

namespace millrace {

using DeviceGroups = std::vector<std::vector<std::size_t>>;  // indices of devices that run stages

// Merges the two groups most alike until the subsets of what is left number at most `most_nodes`.
DeviceGroups group_devices(const PlanningProblem& problem, double most_nodes);

enum class GroupView : std::uint8_t { best, worst };

// The same problem with every member of a group as the group's best or worst. Devices keep their indices;
// two more are added for source and sink, so that what is near to them is not taken for a kind of its own.
PlanningProblem grouped_problem(const PlanningProblem& problem, const DeviceGroups& groups, GroupView view);

}  // namespace millrace
