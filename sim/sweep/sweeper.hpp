// Runs the missing cells of a sweep, each as an ordinary `millrace run` in a process of its own, and stores
// their results. However the sweep ends, finished cells are kept, and the next sweep runs only the rest.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/sweep/cell_processes.hpp"
#include "sim/sweep/store.hpp"
#include "sim/sweep/sweep_folder.hpp"
#include "sim/sweep/sweep_plan.hpp"
#include "sim/sweep/sweep_progress.hpp"

namespace millrace {

struct SweepOptions {
  std::size_t jobs = 1;               // cells at a time
  std::chrono::seconds cell_limit{};  // of wall-clock time; a cell that takes longer has failed
  bool discard_runs = false;          // run directories of finished cells are removed
  bool quiet = false;
};

struct SweepOutcome {
  SweepCounts counts;
  std::size_t missing = 0;  // cells that have no result
  std::size_t unmet = 0;    // cells that did not meet an `expect`
  bool interrupted = false;
};

class Sweeper {
 public:
  // Opens, or creates, the folder and the results in it. `plan` outlives this.
  // `take_over`: even if another scenario file made the folder.
  static Result<Sweeper> open(const SweepPlan& plan, const std::string& file, bool take_over);

  // Takes in runs that are already in the sweep's folder: made by a batch system, or by a sweep that was
  // killed before it could record them. Returns how many.
  Result<std::size_t> adopt();
  // Takes in a run directory from anywhere. An error says why it is not a run of this sweep.
  Result<void> import_run(const std::string& directory);
  // Runs the missing cells, until interrupt_requested().
  Result<SweepOutcome> run(const SweepOptions& options);
  // The outcome without running anything.
  Result<SweepOutcome> outcome();
  // Writes cells.csv and groups.csv.
  Result<void> write_tables();
  Result<std::vector<CellRow>> rows() { return store_.rows(); }

 private:
  Sweeper(const SweepPlan& plan, SweepFolder folder, SweepStore store)
      : plan_(plan), folder_(std::move(folder)), store_(std::move(store)) {}
  Result<std::vector<std::size_t>> missing();
  Result<bool> keep(std::size_t cell, const EndedProcess& ended, const SweepOptions& options);

  const SweepPlan& plan_;
  SweepFolder folder_;
  SweepStore store_;
};

}  // namespace millrace
