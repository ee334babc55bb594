#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/base/log.hpp"
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

std::optional<Scenario> read_scenario_or_complain(const ScenarioArguments& arguments) {
  // --mode and --seed are overrides like any other, so that they are checked alike.
  auto overrides = arguments.set;
  if (!arguments.mode.empty()) overrides.push_back("run.mode=" + arguments.mode);
  if (!arguments.seed.empty()) overrides.push_back("run.seed=" + arguments.seed);
  auto read = read_scenario(arguments.file, {.overrides = overrides, .files = FileCheck::must_exist});
  if (!read.scenario) {
    std::fputs(to_string(read.problems).c_str(), stderr);
    log_error("{}: {} problem{}", arguments.file, read.problems.size(), read.problems.size() == 1 ? "" : "s");
  }
  return std::move(read.scenario);
}

bool print_all(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return true;
  log_error("standard output cannot be written: {}", std::strerror(errno));
  return false;
}

}  // namespace millrace
