// From a scenario file with a `sweep:` block to its cells, each read by the ordinary reader with the
// overrides of its command. All problems of all cells are listed at once, with their places in the block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem.hpp"
#include "sim/sweep/cell.hpp"
#include "sim/sweep/cell_key.hpp"

namespace millrace {

struct PlannedCell {
  Cell cell;
  Scenario scenario;
  std::string key;
  std::string directory;             // its run directory
  std::vector<std::string> command;  // argv
};

struct SweepPlan {
  std::string name;               // the scenario's
  std::string folder;             // of the sweep
  std::vector<std::string> keys;  // keys that cells set
  bool replicated = false;
  std::vector<PlannedCell> cells;

  bool all_simulated() const;
  // Whether the command of any cell has this option: "--keys".
  bool uses(const std::string& option) const;
};

struct SweepFile {
  std::string path;
  std::vector<std::string> overrides{};  // of the scenario, applied before those of the cells
  std::string folder{};                  // of the sweep; empty: sweeps/NAME
  std::string program = "millrace";      // its name in commands
  std::string keys{};                    // of the host, for cells that go to agents elsewhere
  bool isolate = false;                  // one process per device, in cells that start their agents
};

struct ReadSweep {
  std::optional<SweepPlan> plan;  // present exactly when there are no problems
  std::vector<Problem> problems;
};

// Reads and hashes all files that runs read. A file without the block is a problem.
ReadSweep read_sweep(const SweepFile& file);

// The problems of the cells, without hashing files, for `validate`. Empty if the file has no block or a valid
// one.
std::vector<Problem> sweep_problems(const SweepFile& file);

}  // namespace millrace
