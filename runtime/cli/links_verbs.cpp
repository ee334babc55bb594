#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/exit_code.hpp"
#include "runtime/base/log.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/shaping/summaries.hpp"

namespace millrace {
namespace {

// In a build the program is beside this one; installed, it has a folder of its own.
std::filesystem::path links_program() {
  std::error_code ignored;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  auto beside = folder / "millrace-links";
  if (std::filesystem::exists(beside, ignored)) return beside;
  return (folder / "../libexec/millrace/millrace-links").lexically_normal();
}

// Replaces this process by millrace-links, which so gets its signals and streams and gives its exit code.
int become_links_program(const CLI::App& program, const CLI::App& command) {
  auto words = command.remaining();
  words.insert(words.begin(), {program.get_name(), command.get_name()});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto path = links_program();
  execv(path.c_str(), argv.data());
  log_error("{}: starting {}: {}; it is part of the package millrace-node, install that again",
            command.get_name(), path.string(), std::strerror(errno));
  return static_cast<int>(ExitCode::run_failed);
}

// millrace-links parses all options, --help too.
Verb add_links_verb(CLI::App& program, const char* name, const char* summary) {
  auto& command = *program.add_subcommand(name, summary);
  command.set_help_flag();
  command.prefix_command();
  return {&command, [&program, &command] { return become_links_program(program, command); }};
}

}  // namespace

Verb add_shape_verb(CLI::App& program) { return add_links_verb(program, "shape", kShapeSummary); }
Verb add_clean_verb(CLI::App& program) { return add_links_verb(program, "clean", kCleanSummary); }

}  // namespace millrace
