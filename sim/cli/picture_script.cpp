#include "sim/cli/picture_script.hpp"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include "runtime/base/exit_code.hpp"
#include "runtime/base/log.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// Finds a script beside an installed program, or in the tree that this program was built from.
std::optional<fs::path> find_script(const fs::path& program, const std::string& name) {
  std::error_code problem;
  for (const auto& folder :
       {program.parent_path() / "../share/millrace/analysis", fs::path(MILLRACE_SOURCE_DIR) / "analysis"}) {
    if (fs::exists(folder / name, problem)) return (folder / name).lexically_normal();
  }
  return std::nullopt;
}

}  // namespace

int become_picture_script(const std::string& script, const std::vector<std::string>& arguments) {
  std::error_code problem;
  const auto program = fs::read_symlink("/proc/self/exe", problem);
  const auto path = find_script(program, script);
  if (!path) {
    log_error("analysis/{}, which draws this, is neither installed nor in the source tree", script);
    return static_cast<int>(ExitCode::run_failed);
  }
  std::vector<std::string> words{"/usr/bin/python3", path->string(), "--millrace", program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(pointers[0], pointers.data());
  log_error("/usr/bin/python3 cannot be started; drawing needs the packages python3 and python3-matplotlib");
  return static_cast<int>(ExitCode::run_failed);
}

}  // namespace millrace
