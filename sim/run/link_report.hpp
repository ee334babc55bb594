// Measures real links before a run uses them; probe.csv in the run directory has the results.
#pragma once

#include <string>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/links/real_links.hpp"

namespace millrace {

// Probes the links that the plan's activations cross and writes DIRECTORY/probe.csv: from, to,
// asked_mbit_per_s, measured_mbit_per_s. Exit code 4 where a link does not carry what it should.
Result<void> probe_links(RealLinks& links, const Plan& plan, const std::string& directory);

// REQUIRES that the scenario has a device of that name.
DeviceId device_id(const Scenario& scenario, const std::string& name);

}  // namespace millrace
