#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "runtime/base/log.hpp"
#include "runtime/shaping/summaries.hpp"
#include "runtime/shaping/token_bucket.hpp"
#include "sim/cli/verb.hpp"
#include "sim/links/throw_away_keys.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> words_of(const std::string& command_line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < command_line.size();) {
    const auto end = std::min(command_line.find('\0', at), command_line.size());
    words.push_back(command_line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// The parent's id in /proc/PID/stat: the second field after the name. The name may hold any character.
int parent_of(const std::string& stat) {
  const auto name_end = stat.rfind(')');
  int parent = 0;
  if (name_end == std::string::npos || name_end + 4 >= stat.size()) return 0;
  std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
  return parent;
}

// Whether the process is an agent started by a host for itself (--local) whose parent is no longer millrace.
bool orphaned_agent(const fs::path& process) {
  const auto words = words_of(text_of(process / "cmdline"));
  const bool local_agent = words.size() > 2 && fs::path(words[0]).filename() == "millrace-node" &&
                           words[1] == "agent" && std::ranges::find(words, "--local") != words.end();
  if (!local_agent) return false;
  const auto parent =
      words_of(text_of(fmt::format("/proc/{}/cmdline", parent_of(text_of(process / "stat")))));
  return parent.empty() || fs::path(parent[0]).filename() != "millrace";
}

std::vector<int> orphaned_agents() {
  std::vector<int> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const auto name = entry.path().filename().string();
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size() && orphaned_agent(entry.path()))
      found.push_back(pid);
  }
  return found;
}

int clean() {
  int removed = 0;
  bool sound = true;
  for (const int pid : orphaned_agents()) {
    if (kill(pid, SIGKILL) == 0) {
      fmt::print("process {}: an agent whose host has gone, ended\n", pid);
      ++removed;
    } else {
      log_error("process {}: an agent whose host has gone; it cannot be ended from here: be root", pid);
      sound = false;
    }
  }
  for (const auto& folder : remove_leftover_keys()) {
    fmt::print("{}: keys of a run that was killed, removed\n", folder);
    ++removed;
  }
  const auto buckets = remove_leftover_buckets();
  if (!buckets) {
    log_error("{}", buckets.error().message);
    sound = false;
  } else {
    for (const auto& interface : *buckets) fmt::print("{}: no longer shaped\n", interface);
    removed += static_cast<int>(buckets->size());
  }
  if (sound && removed == 0) fmt::print("nothing was left behind\n");
  return static_cast<int>(sound ? ExitCode::ok : ExitCode::run_failed);
}

}  // namespace

Verb add_clean_verb(CLI::App& program, const std::vector<std::string>&) {
  auto& command = *program.add_subcommand("clean", kCleanSummary);
  command.footer(
      "Ends agents whose host has gone and shaping of interfaces whose shaper has gone, and removes this\n"
      "user's keys of runs that were killed; what is in use stays. Namespaces and links of `run.links: "
      "netns` end with their processes and need no cleaning.");
  return {&command, clean};
}

}  // namespace millrace
