#include <memory>

#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/sweep/sweep_plan.hpp"

namespace millrace {
namespace {

int validate(const ScenarioArguments& arguments) {
  const auto scenario = read_scenario_or_complain(arguments);
  if (!scenario) return static_cast<int>(ExitCode::invalid_input);
  if (auto sound = check_runnable(*scenario); !sound) {
    complain_of(arguments, sound.error());
    return static_cast<int>(ExitCode::invalid_input);
  }
  const auto problems = sweep_problems({.path = arguments.file, .overrides = overrides_of(arguments)});
  if (!problems.empty()) {
    complain_of(arguments.file, problems);
    return static_cast<int>(ExitCode::invalid_input);
  }
  return print_all(arguments.file + ": valid\n") ? 0 : static_cast<int>(ExitCode::run_failed);
}

}  // namespace

Verb add_validate_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<ScenarioArguments>();
  auto& command =
      *program.add_subcommand("validate", "list all problems of a scenario; exit code 3 if there are any");
  add_scenario_options(command, *arguments);
  return {&command, [arguments] { return validate(*arguments); }};
}

}  // namespace millrace
