// The results of a sweep: one SQLite file that any tool reads. A result is committed, once and whole, when
// its cell has finished; what is in it survives a crash of the sweep or of the machine.
//
//   meta      key, value                 name, file and file_sha256 of the scenario; release
//   cell      position                   the cells of the block as it was last read, in order
//             name, grp, variant, replication, seed (of the run)
//             cell_key                   what their result is found by
//   setting   position, key              what a cell sets
//             value                      as written
//             number, unit               in bit/s, s, B, FLOP/s, /s; number NULL: it is no number
//   result    cell_key                   of this block's cells and of earlier ones: kept for when they return
//             finished_utc, exit_code    0, or 5: an `expect` was not met; NULL: not known (run elsewhere)
//             throughput_images_per_s, … the figures, see figures.hpp; NULL: the run has none
//             wall_s, run_directory, command
//             summary                    summary.json: json_extract(summary, '$.links[0].bytes')
//   failure   cell_key                   tried and not finished; gone once there is a result
//             failed_utc, attempts, exit_code (NULL: ended by `signal`), signal, message, log
//   cells     (a view)                   cell with its result: what tables and pictures are made from
//
// PRAGMA user_version is the version of this schema, application_id 0x6d696c6c ("mill"). The journal is a
// rollback journal, not a WAL: one small transaction per cell needs no more, the file is one file when nobody
// writes, and it works on network file systems.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sim/sweep/finished_run.hpp"
#include "sim/sweep/sqlite.hpp"
#include "sim/sweep/sweep_plan.hpp"

namespace millrace {

struct CellFailure {
  std::string key, failed_utc;
  std::optional<int> exit_code, signal;  // one of them
  std::string message, log;
};

struct CellRow {
  bool finished = false, failed = false;
  Figures figures;
  std::optional<double> wall_s;
  std::optional<int> exit_code;
  std::string run_directory, message;
};

class SweepStore {
 public:
  static constexpr int kVersion = 1;
  // Makes the file and its tables where they are not.
  static Result<SweepStore> open(const std::string& path);

  // Whether the folder is this file's: it is the one that made it, or has the same text, or that one is gone
  // (moved, or on another machine). An error says whose it is. Two scenarios of one name share no tables.
  Result<void> belongs_to(const std::string& file);
  // The cells of this block, instead of those of an earlier one. Results stay.
  Result<void> describe(const SweepPlan& plan, const std::string& file);
  Result<std::set<std::string>> finished_keys();
  // REQUIRES run.summary.complete.
  Result<void> record(const FinishedRun& run, std::optional<int> exit_code);
  Result<void> record(const CellFailure& failure);
  // One row for each cell described, in order.
  Result<std::vector<CellRow>> rows();

 private:
  explicit SweepStore(Sqlite sqlite) : sqlite_(std::move(sqlite)) {}
  Result<void> make_tables();
  Result<void> describe_cell(const PlannedCell& planned);
  Result<void> in_transaction(const std::function<Result<void>()>& work);
  Sqlite sqlite_;
};

}  // namespace millrace
