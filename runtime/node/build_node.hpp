// Builds the nodes of a run from a scenario and a plan: the only place that does so, for every mode.
#pragma once

#include <memory>

#include "runtime/model/device_profile.hpp"
#include "runtime/node/node.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// REQUIRES check_plan() holds for the plan and `node` is one of its nodes.
Result<std::unique_ptr<Node>> build_node(const Scenario& scenario, const Plan& plan, NodeId node);

// The cost of the device's work by its profile or speed, with the cost per value of the scenario's codec.
// build_cost() charges it and planners use it.
Result<DeviceCost> device_cost(const Scenario& scenario, const DeviceSection& device);

// The price of the node's work under the scenario's `run.compute`; profiles are read from the scenario's
// paths.
Result<std::unique_ptr<CostModel>> build_cost(const Scenario& scenario, const Plan& plan, NodeId node);

// The executor of `simulate`.
Result<std::unique_ptr<Executor>> build_size_executor(const Scenario& scenario, const Plan& plan,
                                                      NodeId node);

}  // namespace millrace
