// The results of a sweep: one SQLite file that any tool reads. A result is committed, once and whole, when
// its cell has finished; committed results survive a crash of the sweep or of the machine.
//
//   meta      key, value                 name, file and file_sha256 of the scenario; release
//   cell      position                   the cells of the block as it was last read, in order
//             name, grp, variant, replication, seed (of the run)
//             cell_key                   the key of the cell's result
//   setting   position, key              what a cell sets
//             value                      as written
//             number, unit               in bit/s, s, B, FLOP/s, /s; number NULL: the value is not a number
//   result    cell_key                   of this block's cells and of earlier ones, which may return
//             finished_utc, exit_code    0, or 5: an `expect` was not met; NULL: not known (run elsewhere)
//             throughput_images_per_s, … the figures, see figures.hpp; NULL: the run has none
//             wall_s, run_directory, command
//             summary                    summary.json: json_extract(summary, '$.links[0].bytes')
//   failure   cell_key                   tried and not finished; removed once there is a result
//             failed_utc, attempts, exit_code (NULL: ended by `signal`), signal, message, log
//   cells     (a view)                   cell with its result: the source of tables and pictures
//
// PRAGMA user_version is the version of this schema, application_id 0x6d696c6c ("mill"). The journal is a
// rollback journal, not a WAL: one small transaction per cell needs no more, there is a single file when
// nothing writes, and it works on network file systems.
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
  std::optional<int> exit_code, signal;  // exactly one is set
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
  // Creates the file and its tables if they do not exist.
  static Result<SweepStore> open(const std::string& path);

  // An error if the folder belongs to another scenario file, which the error names. The folder belongs to
  // `file` if that made it or has the same text, or if the file that made it is gone (moved, or on another
  // machine). Two scenarios of one name share no tables.
  Result<void> belongs_to(const std::string& file);
  // Replaces the cells of an earlier block by those of this block. Results stay.
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
