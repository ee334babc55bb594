// A run directory as a result of a sweep, also when the sweep did not run it: its manifest gives its cell.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "sim/sweep/figures.hpp"

namespace millrace {

struct FinishedRun {
  std::string directory;
  std::string key;  // from the manifest's hashes and the resolved scenario, as a sweep computes it
  RunSummary summary;
  std::string finished_utc, command;
  std::optional<double> wall_s;
};

// An error says what is missing: a run that was killed has no summary, a folder may be no run at all.
Result<FinishedRun> read_finished_run(const std::string& directory);

// The texts of its files; `wall` is empty if the file is missing. Errors name the file, in `directory`.
struct FinishedTexts {
  std::string manifest, scenario, summary, wall;
};
Result<FinishedRun> parse_finished_run(const std::string& directory, const FinishedTexts& texts);

}  // namespace millrace
