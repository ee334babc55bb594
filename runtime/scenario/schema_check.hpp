// Checks a YAML tree against a table of keys: unknown and missing keys, types, units, ranges, alternatives.
// Checks across several values are in scenario_checks.hpp.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/problem_log.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

void check_against(const Schema& schema, const YamlNode& root, ProblemLog& log);

// The value in a bound: ">= 9.5 /s".
struct BoundText {
  bool at_least = true;
  double value = 0;
};
Result<BoundText> parse_bound(Unit unit, std::string_view text);

}  // namespace millrace
