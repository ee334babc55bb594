#include "runtime/cli/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "runtime/base/caught.hpp"
#include "runtime/base/exit_code.hpp"
#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"

namespace millrace {

namespace {

// Checked here because CLI11 would only say that a subcommand is required.
bool is_no_verb(const std::string& word, std::span<const Verb> verbs) {
  return !word.starts_with('-') &&
         std::ranges::none_of(verbs, [&](const Verb& verb) { return verb.command->get_name() == word; });
}

std::string names_of(std::span<const Verb> verbs) {
  std::string names;
  for (const auto& verb : verbs) names += (names.empty() ? "" : ", ") + verb.command->get_name();
  return names;
}

}  // namespace

int run_program(CLI::App& program, std::span<const Verb> verbs, int argc, char** argv) {
  program.require_subcommand(1);
  if (argc > 0) program.name(std::filesystem::path(argv[0]).filename().string());
  if (argc < 2) {
    fmt::print(stderr, "{}", program.help());
    return static_cast<int>(ExitCode::usage);
  }
  if (const std::string word = argv[1]; is_no_verb(word, verbs)) {
    log_error("there is no verb \"{}\"; there are: {} (--help says more)", word, names_of(verbs));
    return static_cast<int>(ExitCode::usage);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return program.exit(stop) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  std::string running;
  try {
    keep_memory_reserve();
    for (const auto& verb : verbs) {
      if (!verb.command->parsed()) continue;
      running = verb.command->get_name();
      const int code = verb.run();
      end_as_interrupted();
      return code;
    }
  } catch (...) {
    log_error("{}", caught(running).message);
  }
  return static_cast<int>(ExitCode::run_failed);
}

}  // namespace millrace
