// The files of a run directory that are not tables. Field names are fixed: scripts rely on them.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/lateness_audit.hpp"
#include "sim/run/caveats.hpp"
#include "sim/run/run_facts.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

struct HostFacts {
  std::string name, system, time_utc;
};

struct WallFacts {
  std::string finished_utc;
  double setup_s = 0, run_s = 0;  // building and starting; running
  LatenessCounts links{};         // how late frames of this machine's links were handed over
};

std::string manifest_json(const Scenario& scenario, const RunFacts& facts, const HostFacts& host);
// `conditions`: what was planned; `run`: the results.
std::string summary_json(const RunConditions& conditions, const RunEnd& run);
std::string wall_json(const WallFacts& wall, const Summary& summary);
std::string plan_yaml(const Scenario& scenario, const Plan& plan);
// For people: a headline with the conditions of the run, then the figures of summary.json as tables. For a
// run that failed before anything was complete only the headline: tables of zeros would suggest that it ran.
std::string summary_table(const RunConditions& conditions, const RunEnd& run);

}  // namespace millrace
