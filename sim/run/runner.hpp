// One run from a valid scenario to a finished run directory: the only place that maps modes to networks,
// agents and drivers.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/run/run_directory.hpp"

namespace millrace {

struct RunRequest {
  Scenario scenario;  // with the command line's run.mode
  std::string scenario_path;
  std::string out;  // empty: runs/NAME-MODE-TIME
  std::vector<std::string> command;
  bool isolate = false;  // one local agent process per device instead of one for all
  std::string
      agents;  // HOST:PORT where agents connect; empty: connect to the scenario's addresses, or start agents
  std::string keys{};      // folder of the host's keys; empty: loopback only
  bool overwrite = false;  // an earlier run in `out` is replaced without a warning
};

struct RunOutcome {
  std::string directory;
  std::string summary_json, table;
  ExitCode exit = ExitCode::ok;  // of a run that took place; the reason of a failure has been logged
};

// An error if the run could not begin; then there is no directory.
Result<RunOutcome> run_scenario(const RunRequest& request);

}  // namespace millrace
