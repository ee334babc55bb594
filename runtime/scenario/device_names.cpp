#include "runtime/scenario/device_names.hpp"

#include <fmt/format.h>

#include <vector>

#include "runtime/scenario/did_you_mean.hpp"

namespace millrace {

std::string device_path(std::size_t device) { return fmt::format("devices[{}]", device); }

bool device_names_sound(const Scenario& scenario, const ProblemLog& log) {
  if (log.bad_itself("devices")) return false;
  for (std::size_t i = 0; i < scenario.devices.size(); ++i) {
    if (log.bad_itself(device_path(i)) || log.bad_itself(device_path(i) + ".name")) return false;
  }
  return true;
}

bool check_device_name(const KnownNames& known, const std::string& path, const std::string& name,
                       ProblemLog& log) {
  if (!log.good(path) || name.empty()) return false;
  if (known.devices.contains(name) || known.forwarding.contains(name)) return true;
  if (!device_names_sound(known.scenario, log)) return false;
  std::vector<std::string> names(known.forwarding.begin(), known.forwarding.end());
  for (const auto& device : known.scenario.devices) names.push_back(device.name);
  const std::string meant = did_you_mean(name, names);
  const std::string advice = meant.empty() ? "add it to devices" : fmt::format("did you mean \"{}\"?", meant);
  log.report(path, fmt::format("{} names \"{}\", which is not a device; {}", path, name, advice));
  return false;
}

}  // namespace millrace
