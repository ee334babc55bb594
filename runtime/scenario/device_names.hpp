// What names a device elsewhere in a scenario (ends of links, events, cross traffic) must be the name of one.
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

// Whether every device has a good name. Otherwise a device that seems missing may be the one whose name is at
// fault, and nothing is said of it.
bool device_names_sound(const Scenario& scenario, const ProblemLog& log);

struct KnownNames {
  const Scenario& scenario;
  const std::map<std::string, std::size_t>& devices;  // of all devices with good names
  const std::set<std::string>& forwarding;            // nodes that are no devices: switches, access points
};

// Whether `name`, the value at `path`, is one of them. Reports it if not, with the name that was meant.
bool check_device_name(const KnownNames& known, const std::string& path, const std::string& name,
                       ProblemLog& log);

}  // namespace millrace
