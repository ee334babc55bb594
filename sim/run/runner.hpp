// One run from a good scenario to a finished run directory: the only place that maps modes to networks,
// agents and drivers.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/run/run_directory.hpp"

namespace millrace {

struct RunRequest {
  Scenario scenario;  // run.mode already what the command line wants
  std::string scenario_path;
  std::string out;  // empty: runs/NAME-MODE-TIME
  std::vector<std::string> command;
  bool isolate = false;  // one local agent process per device instead of one for all
  std::string
      agents;  // HOST:PORT to wait at for agents; empty: go to the scenario's addresses, or start some
  std::string keys{};      // folder of the host's keys; empty: loopback only
  bool overwrite = false;  // an earlier run in `out` is replaced in any case: without a warning
};

struct RunOutcome {
  std::string directory;
  std::string summary_json, table;
  ExitCode exit = ExitCode::ok;  // of a run that took place; why it failed has been logged
};

// An error: the run could not even begin, and there is no directory.
Result<RunOutcome> run_scenario(const RunRequest& request);

}  // namespace millrace
