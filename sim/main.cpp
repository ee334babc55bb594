// millrace: the host. Reads a scenario, simulates its network, drives its nodes, writes the run directory.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "runtime/base/log.hpp"
#include "runtime/base/version.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/interrupt.hpp"
#include "sim/run/runner.hpp"

namespace {

using namespace millrace;

struct Arguments {
  std::string file, mode, seed, out, agents, directory_file;
  std::vector<std::string> set;
  bool json = false, isolate = false, quiet = false;
};

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 run failed, 2 usage, 3 scenario or trace invalid, 4 fidelity violated, 5 `expect` "
    "not met,\n"
    "6 peer lost, 7 time-out, 8 authentication.\n\n"
    "Examples:\n"
    "  millrace run scenarios/quickstart.yaml\n"
    "  millrace run scenarios/quickstart.yaml --mode simulate --set 'network.links[1].delay=10 ms'\n"
    "  millrace validate my-scenario.yaml\n"
    "Scenario keys: scenarios/README.md";

// --mode and --seed are overrides like any other, so that they are checked alike.
std::vector<std::string> overrides_of(const Arguments& arguments) {
  auto overrides = arguments.set;
  if (!arguments.mode.empty()) overrides.push_back("run.mode=" + arguments.mode);
  if (!arguments.seed.empty()) overrides.push_back("run.seed=" + arguments.seed);
  return overrides;
}

ReadScenario read(const Arguments& arguments) {
  auto read =
      read_scenario(arguments.file, {.overrides = overrides_of(arguments), .files = FileCheck::must_exist});
  if (!read.scenario) {
    std::fputs(to_string(read.problems).c_str(), stderr);
    log_error("{}: {} problem{}", arguments.file, read.problems.size(), read.problems.size() == 1 ? "" : "s");
  }
  return read;
}

// What was asked for must have arrived: a full disk, or a reader that has gone, is a failure.
bool print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return true;
  log_error("standard output cannot be written: {}", std::strerror(errno));
  return false;
}

// Agents exist where real tensors do; an option that does nothing is a mistake of whoever gave it.
std::string option_without_effect(const Arguments& arguments, Mode mode) {
  if (mode != Mode::simulate) return {};
  if (!arguments.agents.empty()) return "--agents";
  return arguments.isolate ? "--isolate" : "";
}

int validate(const Arguments& arguments) {
  const auto scenario = read(arguments).scenario;
  if (!scenario) return static_cast<int>(ExitCode::invalid_input);
  if (auto sound = check_runnable(*scenario); !sound) {
    log_error("{}: {}", arguments.file, sound.error().message);
    return static_cast<int>(ExitCode::invalid_input);
  }
  return print(arguments.file + ": valid\n") ? 0 : static_cast<int>(ExitCode::run_failed);
}

bool note_directory(const std::string& file, const std::string& directory) {
  if (file.empty()) return true;
  std::ofstream out(file);
  out << directory << "\n";
  out.close();
  if (!out) log_error("--directory-file: {} cannot be written", file);
  return out.good();
}

int run(const Arguments& arguments, const std::vector<std::string>& command) {
  if (arguments.quiet) log_threshold(LogLevel::warning);
  auto scenario = read(arguments).scenario;
  if (!scenario) return static_cast<int>(ExitCode::invalid_input);
  if (const auto option = option_without_effect(arguments, scenario->run.mode); !option.empty()) {
    log_error("{} has no effect in mode simulate, which starts no agents; remove it", option);
    return static_cast<int>(ExitCode::usage);
  }
  catch_interrupts();
  const auto outcome = run_scenario({.scenario = std::move(*scenario),
                                     .scenario_path = arguments.file,
                                     .out = arguments.out,
                                     .command = command,
                                     .isolate = arguments.isolate,
                                     .agents = arguments.agents});
  if (!outcome) {
    log_error("{}", outcome.error().message);
    return static_cast<int>(outcome.error().code);
  }
  const bool printed = print(arguments.json ? outcome->summary_json : outcome->table);
  fmt::print(stderr, "run directory: {}\n", outcome->directory);
  const bool noted = note_directory(arguments.directory_file, outcome->directory);
  const bool sound = outcome->exit != ExitCode::ok || (printed && noted);
  return static_cast<int>(sound ? outcome->exit : ExitCode::run_failed);
}

void add_scenario_options(CLI::App& command, Arguments& arguments) {
  command.add_option("FILE", arguments.file, "the scenario, YAML")->required();
  command
      .add_option("--set", arguments.set,
                  "KEY=VALUE: override one key, e.g. 'network.links[1].delay=10 ms'; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--mode", arguments.mode, "simulate | cosim | emulate | deploy; overrides run.mode");
  command.add_option("--seed", arguments.seed, "of every random stream; overrides run.seed")
      ->type_name("UINT");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"millrace: pipeline inference on edge devices over simulated and real links.\n"};
  app.set_version_flag("--version", std::string("millrace ") + kRelease);
  app.require_subcommand(1);
  app.footer(kFooter);
  Arguments arguments;
  auto& runs = *app.add_subcommand("run", "run a scenario and write a run directory");
  add_scenario_options(runs, arguments);
  runs.add_option("--out", arguments.out, "the run directory (default: runs/NAME-MODE-TIME)")
      ->type_name("DIR");
  runs.add_flag("--json", arguments.json, "print summary.json on stdout, and nothing else there");
  auto& isolate = *runs.add_flag("--isolate", arguments.isolate,
                                 "start one local agent process per device instead of one for all");
  runs.add_option("--agents", arguments.agents,
                  "wait at HOST:PORT for agents started elsewhere instead of starting local ones")
      ->type_name("HOST:PORT")
      ->excludes(&isolate);
  runs.add_option("--directory-file", arguments.directory_file,
                  "write the path of the run directory into FILE")
      ->type_name("FILE");
  runs.add_flag("--quiet", arguments.quiet, "only warnings and errors on stderr");
  runs.footer(kFooter);
  auto& checks =
      *app.add_subcommand("validate", "list all problems of a scenario; exit code 3 if there are any");
  add_scenario_options(checks, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  try {
    return checks.parsed() ? validate(arguments)
                           : run(arguments, std::vector<std::string>(argv, argv + argc));
  } catch (const std::exception& thrown) {
    log_error("{}", thrown.what());
    return static_cast<int>(ExitCode::run_failed);
  }
}
