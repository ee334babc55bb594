#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "runtime/base/log.hpp"
#include "sim/cli/trace_verbs.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// Beside an installed program, or in the tree that this one was built from.
std::optional<fs::path> plot_script() {
  std::error_code problem;
  const auto program = fs::read_symlink("/proc/self/exe", problem);
  for (const auto& folder :
       {program.parent_path() / "../share/millrace/analysis", fs::path(MILLRACE_SOURCE_DIR) / "analysis"}) {
    if (fs::exists(folder / "trace.py", problem)) return (folder / "trace.py").lexically_normal();
  }
  return std::nullopt;
}

// The pictures are analysis/'s; this process becomes Python.
int plot(const std::vector<std::string>& arguments) {
  const auto script = plot_script();
  if (!script) {
    log_error("analysis/trace.py, which draws traces, is neither installed nor in the source tree");
    return static_cast<int>(ExitCode::run_failed);
  }
  std::error_code problem;
  const auto program = fs::read_symlink("/proc/self/exe", problem).string();
  std::vector<std::string> words{"/usr/bin/python3", script->string(), "--millrace", program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(pointers[0], pointers.data());
  log_error("/usr/bin/python3 cannot be started; drawing needs the packages python3 and python3-matplotlib");
  return static_cast<int>(ExitCode::run_failed);
}

}  // namespace

Verb trace_plot_verb(CLI::App& trace) {
  struct Arguments {
    std::string out;
    std::vector<std::string> files;
  };
  auto arguments = std::make_shared<Arguments>();
  auto& command = *trace.add_subcommand(
      "plot", "draw traces as a PNG: rate over time, distribution over 1 s, autocorrelation");
  command.add_option("OUT", arguments->out, "the picture, .png")->required();
  command.add_option("FILES", arguments->files, "traces of any format that needs no further options")
      ->required();
  return {&command, [arguments] {
            std::vector<std::string> words{arguments->out};
            words.insert(words.end(), arguments->files.begin(), arguments->files.end());
            return plot(words);
          }};
}

}  // namespace millrace
