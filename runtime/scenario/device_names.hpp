// Checks that values which name a device (ends of links, events, cross traffic) name an existing one.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

// "devices[3]"
std::string device_path(std::size_t device);

// Whether every device has a good name. If not, a device that seems missing may be one whose name is wrong,
// and it is not reported.
bool device_names_sound(const Scenario& scenario, const ProblemLog& log);

struct KnownNames {
  const Scenario& scenario;
  const std::map<std::string, std::size_t>& devices;  // of all devices with good names
  const std::set<std::string>& forwarding;            // nodes that are not devices: switches, hubs
};

// Whether `name`, the value at `path`, is known. If not, reports it with the name that was probably meant.
bool check_device_name(const KnownNames& known, const std::string& path, const std::string& name,
                       ProblemLog& log);

}  // namespace millrace
