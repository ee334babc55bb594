#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "runtime/base/fleet_keys.hpp"
#include "runtime/base/log.hpp"
#include "sim/cli/verb.hpp"

namespace millrace {
namespace {

struct KeysArguments {
  FleetKeys fleet;
  ScenarioArguments scenario;
};

int make(KeysArguments arguments) {
  auto& fleet = arguments.fleet;
  if (!arguments.scenario.file.empty()) {
    const auto scenario = read_scenario_or_complain(arguments.scenario);
    if (!scenario) return static_cast<int>(ExitCode::invalid_input);
    for (const auto& device : scenario->devices) {
      if (std::find(fleet.devices.begin(), fleet.devices.end(), device.name) == fleet.devices.end())
        fleet.devices.push_back(device.name);
    }
  }
  const auto made = make_fleet_keys(fleet);
  if (!made) {
    log_error("{}", made.error().message);
    return static_cast<int>(made.error().code);
  }
  for (const auto& folder : *made) fmt::print("{}\n", folder);
  log_note(
      "valid for {} days. Copy each device's folder to it (agent --keys DIR), keep host/ here (run --keys "
      "DIR), and keep ca.key in a safe place, or delete it if no device will be added",
      fleet.days);
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

Verb add_keys_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<KeysArguments>();
  auto& command = *program.add_subcommand(
      "keys", "make a throw-away authority and keys for the host and for every device of a fleet");
  command.add_option("folder", arguments->fleet.folder, "where; devices are added to a fleet that is there")
      ->required()
      ->type_name("DIR");
  command.add_option("devices", arguments->fleet.devices, "names of devices")->type_name("DEVICE");
  command.add_option("--scenario", arguments->scenario.file, "all devices of this scenario")
      ->type_name("FILE");
  command.add_flag("--scraper", arguments->fleet.scraper,
                   "keys for Prometheus too: they may read agents' /metrics, and nothing else");
  command.add_option("--days", arguments->fleet.days, "how long the keys are valid")
      ->capture_default_str()
      ->check(CLI::Range(1, 3650));
  command.footer(kExitCodes);
  return {&command, [arguments] { return make(*arguments); }};
}

}  // namespace millrace
