// Reads a scenario strictly: reports all problems of the file and of the `--set` overrides at once, each with
// its place. Surprising fact: a scenario with any problem is not returned, so every Scenario read is good.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "runtime/scenario/sweep_section.hpp"
#include "runtime/yaml/problem.hpp"

namespace millrace {

struct ReadScenario {
  std::optional<Scenario> scenario;     // present exactly when there are no problems
  std::vector<Problem> problems;        // in the order of the file; those of overrides last
  std::optional<SweepSection> sweep{};  // if the file has one and no problems; its values are not checked
};

// Whether files that a scenario names must exist. They need not for an agent, which gets its scenario from
// the host.
enum class FileCheck : std::uint8_t { must_exist, leave_as_written };

struct ReadOptions {
  std::vector<std::string> overrides{};  // KEY=VALUE, see overrides.hpp
  FileCheck files = FileCheck::must_exist;
  bool agents_elsewhere =
      false;  // agents connect to the host (--agents): devices are real, whatever their address
};

// A file named in the scenario is searched for in the scenario's folder, then in the current folder; a file
// named by an override in the opposite order. The first that exists is taken and made absolute.
ReadScenario read_scenario(const std::string& path, const ReadOptions& options = {});
// `name` is the file's name in problems, `folder` the folder of the file. Never throws, whatever the text.
ReadScenario read_scenario_text(std::string_view text, const std::string& name, const std::string& folder,
                                const ReadOptions& options = {});

}  // namespace millrace
