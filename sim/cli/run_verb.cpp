#include <fmt/format.h>

#include <memory>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"
#include "sim/run/runner.hpp"

namespace millrace {
namespace {

struct RunArguments {
  ScenarioArguments scenario;
  std::string out, agents, keys, directory_file;
  bool json = false, isolate = false, quiet = false, overwrite = false;
};

// The first option given that has no effect, which is a mistake of the user: simulate has no agents.
std::string option_without_effect(const RunArguments& arguments, Mode mode) {
  if (mode != Mode::simulate) return {};
  if (!arguments.agents.empty()) return "--agents";
  return arguments.isolate ? "--isolate" : "";
}

int run(const RunArguments& arguments, const std::vector<std::string>& command_line) {
  if (arguments.quiet) log_threshold(LogLevel::warning);
  auto read = read_or_complain(arguments.scenario, !arguments.agents.empty());
  auto& scenario = read.scenario;
  if (!scenario) return static_cast<int>(ExitCode::invalid_input);
  if (read.sweep)
    log_note("this is one run, without the sweep block; `millrace sweep {}` runs its {} cells",
             arguments.scenario.file, read.sweep->cells());
  if (const auto option = option_without_effect(arguments, scenario->run.mode); !option.empty()) {
    log_error("{} has no effect in mode simulate, which starts no agents; remove it", option);
    return static_cast<int>(ExitCode::usage);
  }
  catch_interrupts();
  const auto outcome = run_scenario({.scenario = std::move(*scenario),
                                     .scenario_path = arguments.scenario.file,
                                     .out = arguments.out,
                                     .command = command_line,
                                     .isolate = arguments.isolate,
                                     .agents = arguments.agents,
                                     .keys = arguments.keys,
                                     .overwrite = arguments.overwrite});
  if (!outcome) return complain_of(arguments.scenario, outcome.error());
  const bool printed = print_all(arguments.json ? outcome->summary_json : outcome->table);
  fmt::print(stderr, "run directory: {}\n", outcome->directory);
  const bool noted = note_directory(arguments.directory_file, outcome->directory);
  const bool sound = outcome->exit != ExitCode::ok || (printed && noted);
  return static_cast<int>(sound ? outcome->exit : ExitCode::run_failed);
}

}  // namespace

Verb add_run_verb(CLI::App& program, const std::vector<std::string>& command_line) {
  auto arguments = std::make_shared<RunArguments>();
  auto& command = *program.add_subcommand("run", "run a scenario and write a run directory");
  add_scenario_options(command, arguments->scenario);
  command.add_option("--out", arguments->out, "the run directory (default: runs/NAME-MODE-TIME)")
      ->type_name("DIR");
  command.add_flag("--overwrite", arguments->overwrite,
                   "do not warn where --out holds a run already, which is replaced");
  command.add_flag("--json", arguments->json, "print summary.json on stdout, and nothing else there");
  auto& isolate = *command.add_flag("--isolate", arguments->isolate,
                                    "start one local agent process per device instead of one for all");
  command
      .add_option("--agents", arguments->agents,
                  "wait at HOST:PORT for agents started elsewhere instead of starting local ones")
      ->type_name("HOST:PORT")
      ->excludes(&isolate);
  command
      .add_option(
          "--keys", arguments->keys,
          "folder with this host's keys (ca.crt, node.crt, node.key; `millrace keys` makes them), for agents "
          "that are not on this machine")
      ->type_name("DIR");
  command
      .add_option("--directory-file", arguments->directory_file,
                  "write the path of the run directory into FILE")
      ->type_name("FILE");
  command.add_flag("--quiet", arguments->quiet, "only warnings and errors on stderr");
  command.footer(kExitCodes);
  return {&command, [arguments, command_line] { return run(*arguments, command_line); }};
}

}  // namespace millrace
