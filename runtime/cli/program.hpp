// A program of verbs: `millrace-node agent`, `millrace run`. A verb is one file; it adds its subcommand and
// options to the program and says what runs when it was given.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

namespace millrace {

struct Verb {
  CLI::App* command = nullptr;
  std::function<int()> run;  // returns the exit code
};

// Parses the arguments and runs the verb they name; without any the help is printed. Returns the program's
// exit code: 2 for arguments that are none (what is wrong is printed), 1 for an exception (logged). Where
// Ctrl-C ended the verb this does not return: the process ends by SIGINT.
int run_program(CLI::App& program, std::span<const Verb> verbs, int argc, char** argv);

}  // namespace millrace
