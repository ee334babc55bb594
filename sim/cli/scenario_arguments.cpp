#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/scenario/error_place.hpp"
#include "runtime/yaml/strict_yaml.hpp"
#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"

namespace millrace {

void add_scenario_options(CLI::App& command, ScenarioArguments& arguments) {
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

std::vector<std::string> overrides_of(const ScenarioArguments& arguments) {
  // --mode and --seed are overrides like any other, so that they are checked alike.
  auto overrides = arguments.set;
  if (!arguments.mode.empty()) overrides.push_back("run.mode=" + arguments.mode);
  if (!arguments.seed.empty()) overrides.push_back("run.seed=" + arguments.seed);
  return overrides;
}

namespace {

Problem by_option(const ScenarioArguments& arguments, Problem problem) {
  if (!arguments.mode.empty() && problem.file == "--set run.mode") problem.file = "--mode";
  if (!arguments.seed.empty() && problem.file == "--set run.seed") problem.file = "--seed";
  return problem;
}

}  // namespace

std::vector<Problem> by_option(const ScenarioArguments& arguments, std::vector<Problem> problems) {
  for (auto& problem : problems) problem = by_option(arguments, std::move(problem));
  return problems;
}

void complain_of(const std::string& file, const std::vector<Problem>& problems) {
  std::fputs(to_string(problems).c_str(), stderr);
  log_error("{}: {} problem{}", file, problems.size(), problems.size() == 1 ? "" : "s");
}

int complain_of(const ScenarioArguments& arguments, const Error& error) {
  Problem problem{arguments.file, 0, 0, error.message};
  const auto text = arguments.file.empty() ? Result<std::string>(Error{}) : read_text_file(arguments.file);
  if (text) problem = place_error({arguments.file, *text, overrides_of(arguments)}, error);
  problem = by_option(arguments, std::move(problem));
  const bool placed = problem.line > 0 || problem.file != arguments.file;
  log_error("{}", placed || error.code == ExitCode::invalid_input ? to_string(problem) : error.message);
  return static_cast<int>(error.code);
}

ReadScenario read_or_complain(const ScenarioArguments& arguments, bool agents_elsewhere) {
  auto read = read_scenario(arguments.file, {.overrides = overrides_of(arguments),
                                             .files = FileCheck::must_exist,
                                             .agents_elsewhere = agents_elsewhere});
  read.problems = by_option(arguments, std::move(read.problems));
  if (!read.scenario) complain_of(arguments.file, read.problems);
  return read;
}

std::optional<Scenario> read_scenario_or_complain(const ScenarioArguments& arguments) {
  return std::move(read_or_complain(arguments).scenario);
}

bool note_directory(const std::string& file, const std::string& directory) {
  if (file.empty()) return true;
  const auto written = write_output(file, directory + "\n");
  if (!written) log_error("--directory-file: {}", written.error().message);
  return written.ok();
}

bool print_all(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return true;
  log_error("standard output cannot be written: {}", std::strerror(errno));
  return false;
}

}  // namespace millrace
