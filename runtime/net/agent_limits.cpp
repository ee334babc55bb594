#include "runtime/net/agent_limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

namespace millrace {

namespace {

constexpr int kThreadsPerProcessor = 16, kThreadsAtLeast = 64;
constexpr std::int64_t kFloat = 4;

std::string first_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// The least of `least` and the limits of this process's group and all groups above it; "max", or anything
// else that is not a number, means no limit. In a container its own group is the root of the mounted tree.
std::int64_t memory_of_cgroups(std::int64_t least) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("0::")) continue;
    for (std::string group = line.substr(3);; group.resize(group.rfind('/'))) {
      const auto word = first_word("/sys/fs/cgroup" + group + "/memory.max");
      std::int64_t bytes = 0;
      const auto read = std::from_chars(word.data(), word.data() + word.size(), bytes);
      if (read.ec == std::errc() && bytes > 0) least = std::min(least, bytes);
      if (group.rfind('/') == std::string::npos || group.empty()) break;
    }
  }
  return least;
}

double mib(Bytes size) { return static_cast<double>(size.count()) / (1 << 20); }

Bytes least_memory_of(const Scenario& scenario, LayerRange layers) {
  const auto& model = scenario.model.config;
  const std::int64_t values = values_at_cut(model, layers.first - 1) + values_at_cut(model, layers.last);
  return weight_bytes(model, layers) + Bytes(values * kFloat * scenario.model.microbatch);
}

}  // namespace

AgentLimits limits_of_this_machine() {
  std::int64_t bytes = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  bytes = memory_of_cgroups(bytes);
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    bytes = std::min(bytes, static_cast<std::int64_t>(space.rlim_cur));
  AgentLimits limits;
  if (bytes > 0) limits.memory = Bytes(bytes);
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  limits.threads = std::max(kThreadsAtLeast, kThreadsPerProcessor * processors);
  return limits;
}

Bytes least_memory(const Scenario& scenario, const Plan& plan, const std::vector<NodeId>& nodes) {
  Bytes sum;
  for (const auto node : nodes) {
    if (plan.is_stage(node)) sum += least_memory_of(scenario, plan.stage(node).layers);
  }
  return sum;
}

Result<void> check_limits(const AgentLimits& limits, const Scenario& scenario, const Plan& plan,
                          const std::vector<NodeId>& nodes) {
  std::int64_t threads = 0;
  std::vector<std::string> stages;
  for (const auto node : nodes) {
    if (!plan.is_stage(node)) continue;
    stages.push_back(node_name(plan, node));
    threads += scenario.devices.at(plan.device_of(node).value).threads;
  }
  const auto names = fmt::format("{}", fmt::join(stages, ", "));
  if (limits.threads && threads > *limits.threads) {
    return Error{
        fmt::format("{}: {} threads are asked for, and this agent gives a run {}; ask for fewer "
                    "(`threads` of the device), or start the agent with --threads {}",
                    names, threads, *limits.threads, threads)};
  }
  const auto least = least_memory(scenario, plan, nodes);
  if (limits.memory && least > *limits.memory) {
    return Error{fmt::format(
        "{}: at least {:.1f} MiB are needed for weights and one microbatch, and this agent gives a "
        "run {:.1f} MiB; give it fewer sub-layers, use a smaller microbatch, or start the agent "
        "with a larger --memory",
        names, mib(least), mib(*limits.memory))};
  }
  return {};
}

}  // namespace millrace
