// Where devices are reached and what LibTorch computes on there.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

// Addresses are HOST:PORT with a port, and all devices have one or none; torch_device is one LibTorch knows.
void check_inventory(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
