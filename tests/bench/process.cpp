#include "tests/bench/process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/bench/bench.hpp"

extern char** environ;

namespace millrace::bench {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

ProcessCost process_cost(const std::vector<std::string>& command) {
  auto words = command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int status = -1;
  rusage used{};
  const double wall_s = seconds_of([&] {
    pid_t pid = 0;
    if (posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ) == 0)
      wait4(pid, &status, 0, &used);
  });
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) {
    fmt::print(stderr, "failed: {}\n", fmt::join(command, " "));
    std::exit(1);
  }
  return {wall_s, seconds(used.ru_utime) + seconds(used.ru_stime)};
}

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "millrace-bench-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    fmt::print(stderr, "no temporary folder can be made\n");
    std::exit(1);
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string program(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

double json_number(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  return nlohmann::json::parse(file).at(key).get<double>();
}

}  // namespace millrace::bench
