#include "runtime/cli/program.hpp"

#include <exception>

#include "runtime/base/exit_code.hpp"
#include "runtime/base/log.hpp"

namespace millrace {

int run_program(CLI::App& program, std::span<const Verb> verbs, int argc, char** argv) {
  program.require_subcommand(1);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return program.exit(stop) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  try {
    for (const auto& verb : verbs) {
      if (verb.command->parsed()) return verb.run();
    }
  } catch (const std::exception& thrown) {
    log_error("{}", thrown.what());
  }
  return static_cast<int>(ExitCode::run_failed);
}

}  // namespace millrace
