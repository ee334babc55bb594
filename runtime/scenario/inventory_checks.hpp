// Checks the addresses of devices, and what LibTorch computes on there.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

// Addresses are HOST:PORT with a port above 0; either all devices have one or none has; `torch_device` is a
// name that LibTorch knows.
void check_inventory(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
