// The facts that are known before a run begins: the content of `manifest.json`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/run/caveats.hpp"

namespace millrace {

struct RunFacts {
  std::string release;
  std::string scenario_sha256, scenario_text;
  std::string scenario_path;
  Mode mode = Mode::cosim;
  std::string network;                                          // from network_name()
  std::vector<std::string> command;                             // argv
  std::vector<std::pair<std::string, std::string>> inputs;      // path and SHA-256 of every file read
  std::vector<std::pair<std::string, std::string>> binaries{};  // name and SHA-256 of our programs
  RunConditions conditions{};
  bool overwrite = false;  // replaces an earlier run in the folder without a warning
};

}  // namespace millrace
