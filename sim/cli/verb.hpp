// The verbs of `millrace`, one file each; main.cpp has them in one table, in the order of --help.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/program.hpp"
#include "runtime/scenario/scenario_reader.hpp"

namespace millrace {

inline constexpr const char* kExitCodes =
    "Exit codes: 0 ok, 1 run failed, 2 usage, 3 scenario or trace invalid, 4 fidelity violated, 5 `expect` "
    "not met,\n"
    "6 peer lost, 7 time-out, 8 authentication.\n";

// `command_line`: the program's arguments as given, for records of what was run.
Verb add_run_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_sweep_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_compare_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_report_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_plan_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_validate_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_doctor_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_keys_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_shape_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_clean_verb(CLI::App& program, const std::vector<std::string>& command_line);
Verb add_trace_verb(CLI::App& program, const std::vector<std::string>& command_line);

// The options of every verb that reads a scenario.
struct ScenarioArguments {
  std::string file, mode, seed;
  std::vector<std::string> set;
};
// `arguments` outlives `command`.
void add_scenario_options(CLI::App& command, ScenarioArguments& arguments);
// --set, --mode and --seed, in the order they apply.
std::vector<std::string> overrides_of(const ScenarioArguments& arguments);
// Prints all problems and their number on stderr.
void complain_of(const std::string& file, const std::vector<Problem>& problems);
// Reads the scenario; its files must exist. Prints the problems, and returns nothing if there are any.
std::optional<Scenario> read_scenario_or_complain(const ScenarioArguments& arguments);
// `agents_elsewhere`: agents connect to the host from elsewhere, which decides a default (ReadOptions).
ReadScenario read_or_complain(const ScenarioArguments& arguments, bool agents_elsewhere = false);

// For scripts: writes the path of a folder into `file`, unless `file` is empty. On failure, logs an error and
// returns false.
bool note_directory(const std::string& file, const std::string& directory);

// Writes the whole text to stdout. On failure (a full disk, a reader that has gone), logs an error and
// returns false.
bool print_all(const std::string& text);

}  // namespace millrace
