// What a bridge is built from: the run, and the receivers of its agents' log lines and farewells.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

struct BridgeSetup {
  const Scenario& scenario;  // outlives the bridge, like the plan
  const Plan& plan;
  std::string scenario_text;  // resolved YAML
  std::string scenario_sha256;
  Mode mode = Mode::cosim;
  std::string release;
  bool local = false;              // this host has started the agents itself
  std::vector<InputFile> files{};  // agents that lack one get it from the host; empty: agents use their own
  std::string keys{};              // folder of this host's keys; empty: loopback only
  // An agent's log line, and its figures at the end; the first argument is the names of its devices.
  std::function<void(const std::string&, const LogLine&)> on_log = [](const auto&, const auto&) {};
  std::function<void(const std::string&, const Farewell&)> on_farewell = [](const auto&, const auto&) {};
  // Deploy: called when everything is connected, the moment before the agents are told to start.
  std::function<Result<void>()> at_start{};
};

}  // namespace millrace
