// What a bridge is made of: the run, and who hears what its agents say beside their reports.
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
  std::vector<InputFile> files{};  // agents that lack one get it from here; empty: they look for themselves
  std::string keys{};              // folder of this host's keys; empty: loopback only
  // What an agent, by the names of its devices, writes into its log, and its figures at the end.
  std::function<void(const std::string&, const LogLine&)> on_log = [](const auto&, const auto&) {};
  std::function<void(const std::string&, const Farewell&)> on_farewell = [](const auto&, const auto&) {};
  // Deploy: called when everything is connected, the moment before the agents are told to start.
  std::function<Result<void>()> at_start{};
};

}  // namespace millrace
