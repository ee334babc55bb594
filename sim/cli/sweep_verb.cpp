#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/sweep/command.hpp"
#include "sim/sweep/sweep_tables.hpp"
#include "sim/sweep/sweeper.hpp"

namespace millrace {
namespace {

struct SweepArguments {
  ScenarioArguments scenario;
  std::string out, directory_file, keys;
  unsigned jobs = 0;
  double cell_limit_s = 24 * 3600.0;
  bool list = false, missing = false, dry_run = false, csv = false, discard = false, quiet = false,
       isolate = false, take_over = false;
  std::vector<std::string> imports;
};

constexpr int kFailed = static_cast<int>(ExitCode::run_failed);

int complain(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

std::optional<SweepPlan> plan_or_complain(const SweepArguments& arguments, const std::string& program) {
  auto read = read_sweep({.path = arguments.scenario.file,
                          .overrides = overrides_of(arguments.scenario),
                          .folder = arguments.out,
                          .program = program,
                          .keys = arguments.keys,
                          .isolate = arguments.isolate});
  if (!read.plan)
    complain_of(arguments.scenario.file, by_option(arguments.scenario, std::move(read.problems)));
  return std::move(read.plan);
}

// Takes no lock and creates nothing: a sweep may be running meanwhile.
Result<std::set<std::string>> finished_keys(const SweepPlan& plan, const SweepArguments& arguments) {
  const auto path = plan.folder + "/sweep.sqlite";
  if (!std::filesystem::exists(path)) return std::set<std::string>();
  auto store = SweepStore::open(path);
  if (!store) return store.error();
  if (auto ours = arguments.take_over ? Result<void>() : store->belongs_to(arguments.scenario.file); !ours)
    return ours.error().in(plan.folder);
  return store->finished_keys();
}

int list(const SweepPlan& plan, const SweepArguments& arguments) {
  const auto finished = finished_keys(plan, arguments);
  if (!finished) return complain(finished.error());
  std::set<std::string> known;
  const bool missing_only = arguments.missing;
  if (missing_only) known = *finished;
  std::string text;
  for (const auto& planned : plan.cells) {
    if (!missing_only || known.insert(planned.key).second) text += shell_command(planned.command) + "\n";
  }
  return print_all(text) ? 0 : kFailed;
}

// Prints what would run, and checks that it could.
int dry_run(const SweepPlan& plan, const SweepArguments& arguments) {
  auto known = finished_keys(plan, arguments);
  if (!known) return complain(known.error());
  std::string text;
  std::size_t missing = 0, unsound = 0;
  for (const auto& planned : plan.cells) {
    const bool is_known = known->contains(planned.key);
    if (!is_known) ++missing;
    text += fmt::format("{:>5}  {:<8}  {}\n", planned.cell.position + 1, is_known ? "finished" : "missing",
                        planned.cell.name);
    if (is_known) continue;
    if (auto sound = check_runnable(planned.scenario); !sound) {
      log_error("cell {} ({}): {}", planned.cell.position + 1, planned.cell.name, sound.error().message);
      ++unsound;
    }
  }
  text += fmt::format("{} of {} cells are missing; nothing was run\n", missing, plan.cells.size());
  if (!print_all(text)) return kFailed;
  return unsound == 0 ? 0 : static_cast<int>(ExitCode::invalid_input);
}

unsigned jobs_of(const SweepArguments& arguments, const SweepPlan& plan) {
  if (arguments.jobs > 0) return arguments.jobs;
  // Cells with real tensors take the processors and the memory for themselves.
  return plan.all_simulated() ? std::max(1U, std::thread::hardware_concurrency()) : 1;
}

int finish(Sweeper& sweeper, const SweepPlan& plan, const SweepOutcome& outcome, const std::string& again,
           const std::string& directory_file) {
  if (auto written = sweeper.write_tables(); !written) return complain(written.error());
  const auto rows = sweeper.rows();
  if (!rows) return complain(rows.error());
  const bool noted = note_directory(directory_file, plan.folder);
  const bool printed = print_all(groups_text(plan, *rows));
  if (replications_are_equal(plan, *rows))
    log_warning("replications differ in nothing: nothing in this scenario is random");
  fmt::print(stderr, "{} of {} cells have results: {}/cells.csv, groups.csv, sweep.sqlite\n",
             outcome.counts.cells - outcome.missing, outcome.counts.cells, plan.folder);
  if (outcome.missing > 0) fmt::print(stderr, "{} are missing; this runs them: {}\n", outcome.missing, again);
  if (outcome.interrupted) {
    log_error("interrupted; what had finished is kept");
    return kFailed;
  }
  if (outcome.counts.failed > 0) {
    log_error("{} cells failed; {}/logs holds what they said", outcome.counts.failed, plan.folder);
    return kFailed;
  }
  if (outcome.unmet > 0) {
    log_error("{} cells do not meet their `expect`", outcome.unmet);
    return static_cast<int>(ExitCode::expectation);
  }
  return printed && noted ? 0 : kFailed;
}

// The command that goes on with the sweep: without options that act only once.
std::string again(const SweepArguments& arguments, const std::string& program) {
  std::vector<std::string> words{program, "sweep", arguments.scenario.file};
  for (const auto& text : overrides_of(arguments.scenario)) words.insert(words.end(), {"--set", text});
  if (!arguments.out.empty()) words.insert(words.end(), {"--out", arguments.out});
  if (arguments.jobs > 0) words.insert(words.end(), {"-j", std::to_string(arguments.jobs)});
  if (!arguments.keys.empty()) words.insert(words.end(), {"--keys", arguments.keys});
  if (arguments.isolate) words.emplace_back("--isolate");
  if (arguments.discard) words.emplace_back("--discard-runs");
  return shell_command(words);
}

// The first option given that no cell uses, which is a mistake of the user.
std::string option_without_effect(const SweepArguments& arguments, const SweepPlan& plan) {
  if (!arguments.keys.empty() && !plan.uses("--keys"))
    return "--keys has no effect: no cell goes in mode deploy to agents at addresses of the scenario "
           "(devices[].address); remove it";
  if (arguments.isolate && !plan.uses("--isolate"))
    return "--isolate has no effect: no cell starts agents here; remove it";
  return {};
}

int import_runs(Sweeper& sweeper, const SweepArguments& arguments) {
  std::size_t refused = 0;
  for (const auto& directory : arguments.imports) {
    if (auto taken = sweeper.import_run(directory); !taken) {
      log_error("{}", taken.error().message);
      ++refused;
    }
  }
  log_note("{} of {} runs taken in", arguments.imports.size() - refused, arguments.imports.size());
  return refused == 0 ? 0 : static_cast<int>(ExitCode::invalid_input);
}

int sweep(const SweepArguments& arguments, const std::string& program) {
  if (arguments.quiet) log_threshold(LogLevel::warning);
  const auto plan = plan_or_complain(arguments, program);
  if (!plan) return static_cast<int>(ExitCode::invalid_input);
  if (const auto mistake = option_without_effect(arguments, *plan); !mistake.empty())
    return complain({mistake, ExitCode::usage});
  if (arguments.list) return list(*plan, arguments);
  if (arguments.dry_run) return dry_run(*plan, arguments);
  auto sweeper = Sweeper::open(*plan, arguments.scenario.file, arguments.take_over);
  if (!sweeper) return complain(sweeper.error());
  const auto adopted = sweeper->adopt();
  if (!adopted) return complain(adopted.error());
  if (*adopted > 0) log_note("{} finished runs taken in from {}/runs", *adopted, plan->folder);
  const int imported = arguments.imports.empty() ? 0 : import_runs(*sweeper, arguments);
  const bool runs = arguments.imports.empty() && !arguments.csv;
  catch_interrupts();
  const auto outcome =
      runs ? sweeper->run(
                 {.jobs = jobs_of(arguments, *plan),
                  .cell_limit = std::chrono::seconds(static_cast<std::int64_t>(arguments.cell_limit_s)),
                  .discard_runs = arguments.discard,
                  .quiet = arguments.quiet})
           : sweeper->outcome();
  if (!outcome) return complain(outcome.error());
  const int finished = finish(*sweeper, *plan, *outcome, again(arguments, program), arguments.directory_file);
  return imported != 0 ? imported : finished;
}

constexpr const char* kExamples =
    "\nExamples:\n"
    "  millrace sweep scenarios/sweep-example.yaml            only the cells that are missing\n"
    "  millrace sweep my.yaml --dry-run                       what would run\n"
    "  millrace sweep my.yaml --list --missing | parallel     cells by other means, then:\n"
    "  millrace sweep my.yaml --csv                           takes them in and writes the tables\n"
    "  millrace sweep my.yaml --import from-the-cluster/*     run directories from elsewhere\n"
    "  analysis/sweep.py sweeps/my                            the picture\n";

}  // namespace

Verb add_sweep_verb(CLI::App& program, const std::vector<std::string>& command_line) {
  auto arguments = std::make_shared<SweepArguments>();
  auto& command = *program.add_subcommand(
      "sweep", "run the cells of a scenario's sweep block that are missing; results in SQLite and CSV");
  add_scenario_options(command, arguments->scenario);
  command.add_option("--out", arguments->out, "the sweep's folder (default: sweeps/NAME)")->type_name("DIR");
  command
      .add_option("-j,--jobs", arguments->jobs,
                  "cells at a time (default: as many as processors in simulate, else 1)")
      ->check(CLI::Range(1U, 1024U))
      ->type_name("N");
  command
      .add_option("--cell-limit", arguments->cell_limit_s,
                  "a cell that takes longer by the wall clock has failed, in seconds (default: a day)")
      ->check(CLI::Range(1.0, 1e8))
      ->type_name("SECONDS");
  command
      .add_option("--keys", arguments->keys,
                  "folder with this host's keys, for cells that go to agents elsewhere; as in `millrace run`")
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  command.add_flag("--isolate", arguments->isolate,
                   "one local agent process per device in cells that start their agents");
  auto& list_flag =
      *command.add_flag("--list", arguments->list, "print the command of each cell, and run nothing");
  command.add_flag("--missing", arguments->missing, "with --list: only of the cells without a result")
      ->needs(&list_flag);
  auto& dry =
      *command.add_flag("--dry-run", arguments->dry_run,
                        "list the cells and which are missing, check that those could run, run nothing");
  auto& csv = *command.add_flag("--csv", arguments->csv,
                                "take in what has finished in the folder and write the tables, run nothing");
  auto& imports = *command
                       .add_option("--import", arguments->imports,
                                   "run directories to take in from elsewhere; runs nothing")
                       ->type_name("RUN_DIR");
  for (auto* other : {&dry, &csv, &list_flag}) imports.excludes(other);
  dry.excludes(&csv)->excludes(&list_flag);
  csv.excludes(&list_flag);
  command.add_flag("--take-over", arguments->take_over,
                   "go on in the folder although another scenario file made it");
  command.add_flag("--discard-runs", arguments->discard,
                   "remove the run directory of each cell that has finished; its figures stay");
  command
      .add_option("--directory-file", arguments->directory_file,
                  "write the path of the sweep's folder into FILE")
      ->type_name("FILE");
  command.add_flag("--quiet", arguments->quiet, "no progress; only warnings and errors on stderr");
  command.footer(std::string(kExitCodes) + kExamples);
  return {&command, [arguments, name = command_line.at(0)] { return sweep(*arguments, name); }};
}

}  // namespace millrace
