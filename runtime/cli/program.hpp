// A program of verbs: `millrace-node agent`, `millrace run`. A verb is one file; it adds its subcommand and
// options to the program and provides the function to run when the verb is given.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

namespace millrace {

struct Verb {
  CLI::App* command = nullptr;
  std::function<int()> run;  // returns the exit code
};

// Parses the arguments and runs the verb they name; without arguments it prints the help. Returns the
// program's exit code: 2 for missing or invalid arguments (the error is printed), 1 for an exception
// (logged). If Ctrl-C ended the verb, this does not return: the process ends by SIGINT.
int run_program(CLI::App& program, std::span<const Verb> verbs, int argc, char** argv);

}  // namespace millrace
