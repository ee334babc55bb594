// The part of scenario_checks.hpp that is about `policy.quantization` and what `expect` says of it.
#pragma once

#include "runtime/scenario/problem_log.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

void check_quantization(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
