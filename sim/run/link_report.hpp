// Real links are measured before a run uses them; probe.csv in the run directory says what they carried.
#pragma once

#include <string>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/links/real_links.hpp"

namespace millrace {

// Probes the links that the plan's activations cross and writes DIRECTORY/probe.csv: from, to,
// asked_mbit_per_s, measured_mbit_per_s. Exit code 4 where a link does not carry what it should.
Result<void> probe_links(RealLinks& links, const Plan& plan, const std::string& directory);

// REQUIRES the scenario to have it.
DeviceId device_id(const Scenario& scenario, const std::string& name);

}  // namespace millrace
