#include <fmt/format.h>

#include <set>

#include "runtime/planner/pipeedge_files.hpp"
#include "runtime/yaml/checked_yaml.hpp"

namespace millrace {

namespace {

// Quoted as YAML requires for names that are not plain scalars.
std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool plain(const std::string& name) {
  bool letter = false;
  for (const char c : name) {
    const bool alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    letter = letter || alphabetic;
    if (!alphabetic && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') return false;
  }
  // Some readers take a short word such as "no" or "1e5" for another type than text.
  return letter && name.size() > 5 && name.front() != '-' && name.front() != '.';
}

}  // namespace

std::string pipeedge_schedule(const PlanningProblem& problem, const std::vector<PlannedStage>& stages) {
  std::string out;
  for (const auto& stage : stages) {
    const std::string& host = problem.devices.at(stage.device).name;
    out += fmt::format("- {}: [{}, {}]\n", plain(host) ? host : quoted(host), stage.layers.first,
                       stage.layers.last);
  }
  return out;
}

Result<std::vector<PlannedStage>> parse_pipeedge_schedule(const std::string& text, const std::string& name,
                                                          const PlanningProblem& problem) {
  try {
    const CheckedYaml file(name, text);
    std::vector<PlannedStage> stages;
    std::set<std::size_t> used;
    int next = 1;
    for (const auto& item : file.items(file.root(), "a schedule")) {
      const auto& entries = file.entries(item, "a stage");
      if (entries.size() != 1) file.fail(item, "a stage has one host");
      const auto& [host, mark, value] = entries.front();
      std::size_t device = 0;
      while (device < problem.devices.size() && problem.devices[device].name != host) ++device;
      if (device == problem.devices.size()) file.fail(item, fmt::format("there is no host \"{}\"", host));
      if (!used.insert(device).second) file.fail(item, fmt::format("host \"{}\" appears twice", host));
      if (!problem.devices[device].stage)
        file.fail(item, fmt::format("host \"{}\" has no profile of {}", host, problem.model));
      const auto& ends = file.items(value, "the layers of " + host);
      if (ends.size() != 2) file.fail(value, "the layers of a stage are [first, last]");
      const LayerRange layers{file.whole(ends[0], "first", kMaxPipeEdgeLayers),
                              file.whole(ends[1], "last", kMaxPipeEdgeLayers)};
      if (layers.first != next || layers.last < layers.first || layers.last > problem.layers)
        file.fail(value, fmt::format("the stage must begin at layer {} and end by {}, got [{}, {}]", next,
                                     problem.layers, layers.first, layers.last));
      next = layers.last + 1;
      stages.push_back({.device = device, .layers = layers});
    }
    if (next != problem.layers + 1)
      file.fail(file.root(), fmt::format("layers {} to {} are on no host", next, problem.layers));
    return stages;
  } catch (const CheckedYaml::Fault& fault) {
    return fault.error();
  }
}

}  // namespace millrace
