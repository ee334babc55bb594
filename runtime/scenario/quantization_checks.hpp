// The checks of scenario_checks.hpp about `policy.quantization` and the expectations that depend on it.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

void check_quantization(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
