// From a scenario file with a `sweep:` block to its cells, each read by the ordinary reader with the
// overrides that its command has. All problems of all cells are listed at once, placed in the block.
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
  std::vector<std::string> keys;  // that cells set
  bool replicated = false;
  std::vector<PlannedCell> cells;

  bool all_simulated() const;
  // The command of some cell has this option: "--keys".
  bool uses(const std::string& option) const;
};

struct SweepFile {
  std::string path;
  std::vector<std::string> overrides{};  // of the scenario, before those of the cells
  std::string folder{};                  // of the sweep; empty: sweeps/NAME
  std::string program = "millrace";      // as commands name it
  std::string keys{};                    // of the host, for cells that go to agents elsewhere
  bool isolate = false;                  // one process per device, in cells that start their agents
};

struct ReadSweep {
  std::optional<SweepPlan> plan;  // present exactly when there are no problems
  std::vector<Problem> problems;
};

// REQUIRES files to be readable once; they are hashed. A file without the block is a problem.
ReadSweep read_sweep(const SweepFile& file);

// The cells alone, without hashes: what `validate` asks. No problems: the file has no block, or a good one.
std::vector<Problem> sweep_problems(const SweepFile& file);

}  // namespace millrace
