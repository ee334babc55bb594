// Runs the cells of a sweep that are missing, each as an ordinary `millrace run` in a process of its own, and
// keeps what they give. Whatever ends it, what has finished is kept, and the next time only the rest runs.
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
  std::size_t unmet = 0;    // cells of which an `expect` was not met
  bool interrupted = false;
};

class Sweeper {
 public:
  // Opens, or makes, the folder and the results in it. `plan` outlives this.
  // `take_over`: although another scenario file made the folder.
  static Result<Sweeper> open(const SweepPlan& plan, const std::string& file, bool take_over);

  // Takes in runs that are already in the sweep's folder: by a batch system, or by a sweep that was killed
  // before it could say so. Returns how many.
  Result<std::size_t> adopt();
  // A run directory from anywhere. An error says why it is none of this sweep's.
  Result<void> import_run(const std::string& directory);
  // Runs what is missing, until interrupt_requested().
  Result<SweepOutcome> run(const SweepOptions& options);
  // Without running anything.
  Result<SweepOutcome> outcome();
  // cells.csv and groups.csv.
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
