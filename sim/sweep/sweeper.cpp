#include "sim/sweep/sweeper.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "sim/sweep/sweep_tables.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kPatience{200};
constexpr std::size_t kLogTail = 64 * 1024;
constexpr int kUnmet = static_cast<int>(ExitCode::expectation);

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
}

// The last error that a run logged, which says why it failed.
std::string last_error(const std::string& log) {
  std::ifstream file(log, std::ios::binary);
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::streamoff>(file.tellg());
  file.seekg(std::max<std::streamoff>(0, size - static_cast<std::streamoff>(kLogTail)));
  std::string line, found;
  while (std::getline(file, line)) {
    if (line.starts_with("error: ")) found = line.substr(7);
  }
  return found;
}

std::string sentence_of(const EndedProcess& ended, const std::string& log) {
  if (ended.overdue) return "it took longer than --cell-limit allows and was ended";
  if (ended.signal)
    return fmt::format("it was ended by signal {} ({})", *ended.signal, strsignal(*ended.signal));
  const auto said = last_error(log);
  return said.empty()
             ? fmt::format("it ended with exit code {} and said nothing", ended.exit_code.value_or(-1))
             : said;
}

void remove_if_empty(const std::string& log) {
  std::error_code ignored;
  if (fs::is_empty(log, ignored)) fs::remove(log, ignored);
}

}  // namespace

Result<Sweeper> Sweeper::open(const SweepPlan& plan, const std::string& file, bool take_over) {
  auto folder = SweepFolder::open(plan.folder);
  if (!folder) return folder.error();
  auto store = SweepStore::open(folder->database());
  if (!store) return store.error();
  if (auto ours = take_over ? Result<void>() : store->belongs_to(file); !ours)
    return ours.error().in(plan.folder);
  if (auto described = store->describe(plan, file); !described) return described.error();
  return Sweeper(plan, std::move(*folder), std::move(*store));
}

// Positions of the cells without a result; of cells with the same key, only the first.
Result<std::vector<std::size_t>> Sweeper::missing() {
  auto known = store_.finished_keys();
  if (!known) return known.error();
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
    if (known->insert(plan_.cells[i].key).second) positions.push_back(i);
  }
  return positions;
}

Result<std::size_t> Sweeper::adopt() {
  const auto positions = missing();
  if (!positions) return positions.error();
  std::size_t adopted = 0;
  for (const std::size_t position : *positions) {
    const PlannedCell& planned = plan_.cells[position];
    std::error_code ignored;
    if (!fs::exists(planned.directory + "/summary.json", ignored)) continue;
    const auto run = read_finished_run(planned.directory);
    if (!run || !run->summary.complete || run->key != planned.key) continue;  // the cell will run again
    if (auto kept = store_.record(*run, std::nullopt); !kept) return kept.error();
    ++adopted;
  }
  return adopted;
}

Result<void> Sweeper::import_run(const std::string& directory) {
  const auto run = read_finished_run(directory);
  if (!run) return run.error();
  if (!run->summary.complete)
    return Error{fmt::format("{}: the run did not reach its end: {}", directory, run->summary.error),
                 ExitCode::invalid_input};
  for (const PlannedCell& planned : plan_.cells) {
    if (planned.key == run->key) return store_.record(*run, std::nullopt);
  }
  return Error{directory +
                   ": is the run of no cell of this sweep: its scenario, its programs or the content of "
                   "its traces, weights or profiles are others",
               ExitCode::invalid_input};
}

// Stores the result of a cell. False: the cell has failed; the reason has been recorded and logged.
Result<bool> Sweeper::keep(std::size_t cell, const EndedProcess& ended, const SweepOptions& options) {
  const PlannedCell& planned = plan_.cells[cell];
  const auto log = folder_.log_of(planned.directory);
  std::string why;
  if (ended.exit_code == 0 || ended.exit_code == kUnmet) {
    auto run = read_finished_run(planned.directory);
    if (run && run->summary.complete && run->key == planned.key) {
      if (options.discard_runs) run->directory.clear();
      if (auto kept = store_.record(*run, ended.exit_code); !kept) return kept.error();
      std::error_code ignored;
      if (options.discard_runs) fs::remove_all(planned.directory, ignored);
      remove_if_empty(log);
      return true;
    }
    why = !run ? run.error().message
               : "it read other files, or was run by other programs, than when the sweep began";
  } else {
    why = sentence_of(ended, log);
  }
  log_error("cell {} ({}): {}", cell + 1, planned.cell.name, why);  // a full disk may take no record of it
  const CellFailure failure{planned.key, utc_now(), ended.exit_code, ended.signal, why, log};
  if (auto kept = store_.record(failure); !kept) return kept.error();
  return false;
}

Result<SweepOutcome> Sweeper::run(const SweepOptions& options) {
  const auto positions = missing();
  if (!positions) return positions.error();
  SweepCounts counts{.cells = plan_.cells.size(), .kept = plan_.cells.size() - positions->size()};
  SweepProgress progress(options.quiet);
  CellProcesses processes(options.cell_limit);
  bool interrupted = false;
  for (std::size_t next = 0; next < positions->size() || processes.running() > 0;) {
    if (!interrupted && interrupt_requested()) {
      interrupted = true;
      next = positions->size();
      progress.clear();
      if (processes.running() > 0)
        log_note("ending {} running cells; Ctrl-C again ends at once", processes.running());
      processes.interrupt();
    }
    if (next < positions->size() && processes.running() < options.jobs) {
      const std::size_t cell = (*positions)[next++];
      const auto& planned = plan_.cells[cell];
      if (auto begun = processes.start(cell, planned.command, folder_.log_of(planned.directory)); !begun)
        return begun.error();
      continue;
    }
    const auto ended = processes.wait(kPatience);
    if (ended) {
      const bool finished = ended->exit_code == 0 || ended->exit_code == kUnmet;
      if (finished || !interrupted) {  // a cell that we interrupted is missing, not failed
        progress.clear();
        const auto kept = keep(ended->tag, *ended, options);
        if (!kept) return kept.error();
        ++counts.done;
        if (!*kept) ++counts.failed;
      }
    }
    counts.running = processes.running();
    if (!interrupted) progress.show(counts);
  }
  auto result = outcome();
  if (!result) return result;
  result->counts = counts;
  result->interrupted = interrupted || interrupt_requested();
  return result;
}

Result<SweepOutcome> Sweeper::outcome() {
  const auto all = store_.rows();
  if (!all) return all.error();
  SweepOutcome result{.counts = {.cells = all->size()}};
  for (const CellRow& row : *all) {
    if (!row.finished) ++result.missing;
    if (row.finished && row.exit_code == kUnmet) ++result.unmet;
  }
  result.counts.kept = all->size() - result.missing;
  return result;
}

Result<void> Sweeper::write_tables() {
  const auto all = store_.rows();
  if (!all) return all.error();
  if (auto done = folder_.write("cells.csv", cells_csv(plan_, *all)); !done) return done;
  return folder_.write("groups.csv", groups_csv(plan_, *all));
}

}  // namespace millrace
