// The part of scenario_checks.hpp that is about `policy.quantization` and what `expect` says of it.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

void check_quantization(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
