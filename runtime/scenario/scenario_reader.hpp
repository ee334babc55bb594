// Reads a scenario strictly: all problems of the file and of the `--set` overrides at once, each with its
// place. Surprising fact: a scenario with any problem is not returned at all, so whoever has one has a good
// one.
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
  std::optional<SweepSection> sweep{};  // of a file that has one and no problems; its values are not checked
};

// Whether files a scenario names have to be there. An agent that gets its scenario from the host leaves them
// be.
enum class FileCheck : std::uint8_t { must_exist, leave_as_written };

struct ReadOptions {
  std::vector<std::string> overrides{};  // KEY=VALUE, see overrides.hpp
  FileCheck files = FileCheck::must_exist;
  bool agents_elsewhere =
      false;  // they come to the host (--agents): devices are real, whatever their address
};

// A file named in the scenario is looked for in the scenario's folder, then in the current one; one named by
// an override the other way round. The first that is there is taken and made absolute.
ReadScenario read_scenario(const std::string& path, const ReadOptions& options = {});
// `name` stands for the file in problems, `folder` for the folder it lies in. Never throws on any text.
ReadScenario read_scenario_text(std::string_view text, const std::string& name, const std::string& folder,
                                const ReadOptions& options = {});

}  // namespace millrace
