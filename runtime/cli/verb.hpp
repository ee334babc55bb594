// The verbs of `millrace-node`, one file each. A verb adds its subcommand and options to the program and says
// what runs when it was given; main.cpp has them in one table, in the order of --help.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace millrace {

struct Verb {
  CLI::App* command = nullptr;
  std::function<int()> run;  // returns the exit code
};

Verb add_agent_verb(CLI::App& program);
Verb add_calibrate_verb(CLI::App& program);
Verb add_clean_verb(CLI::App& program);
Verb add_eval_verb(CLI::App& program);
Verb add_profile_verb(CLI::App& program);
Verb add_shape_verb(CLI::App& program);

}  // namespace millrace
