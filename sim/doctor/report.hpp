// The doctor's findings, for people and for scripts. Field names are fixed: scripts rely on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/doctor/verdict.hpp"

namespace millrace {

struct Findings {
  Machine machine;
  std::vector<Carried> carried;
  std::string scenario;  // its name; empty: without a scenario
  std::optional<Verdict> verdict;
};

std::string doctor_table(const Findings& findings);
std::string doctor_json(const Findings& findings);

}  // namespace millrace
