// What an agent gives a run at most. Looked at before a file is fetched or a weight is loaded, so that a
// scenario that asks for more is refused with a sentence and nothing has been lost.
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

// As much as there is: memory that this process may have (of the machine, its cgroups, ulimit -v), and 16
// threads per processor, 64 at least.
AgentLimits limits_of_this_machine();

// What these nodes need at least: weights in fp32, and what enters and leaves each stage.
Bytes least_memory(const Scenario& scenario, const Plan& plan, const std::vector<NodeId>& nodes);

// An error names what is beyond which limit, and what to do.
Result<void> check_limits(const AgentLimits& limits, const Scenario& scenario, const Plan& plan,
                          const std::vector<NodeId>& nodes);

}  // namespace millrace
