// The most that an agent gives a run. It is checked before a file is fetched or a weight is loaded, so that a
// scenario that needs more is refused with a message before any work is done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

struct AgentLimits {
  std::optional<Bytes> memory;  // nothing: no limit
  std::optional<int> threads;   // of all stages of a run together
};

// The memory that this process may have (by the machine, its cgroups and ulimit -v), and 16 threads per
// processor, at least 64.
AgentLimits limits_of_this_machine();

// The memory that these nodes need at least: weights in fp32, and the input and output of each stage.
Bytes least_memory(const Scenario& scenario, const Plan& plan, const std::vector<NodeId>& nodes);

// An error names the exceeded limit and a remedy.
Result<void> check_limits(const AgentLimits& limits, const Scenario& scenario, const Plan& plan,
                          const std::vector<NodeId>& nodes);

}  // namespace millrace
