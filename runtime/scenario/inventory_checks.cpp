#include "runtime/scenario/inventory_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/endpoint.hpp"

namespace millrace {
namespace {

bool is_torch_device(std::string_view text) {
  if (text == "cpu" || text == "cuda") return true;
  if (!text.starts_with("cuda:")) return false;
  const auto number = text.substr(5);
  return !number.empty() && number.size() <= 2 && number.find_first_not_of("0123456789") == number.npos;
}

bool is_address(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  return endpoint && endpoint->port > 0;
}

}  // namespace

void check_inventory(const Scenario& scenario, ProblemLog& log) {
  const auto& devices = scenario.devices;
  const bool any =
      std::ranges::any_of(devices, [](const DeviceSection& device) { return !device.address.empty(); });
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string at = fmt::format("devices[{}]", i);
    const DeviceSection& device = devices[i];
    if (log.good(at + ".torch_device") && !is_torch_device(device.torch_device))
      log.report(at + ".torch_device", fmt::format("{}.torch_device must be cpu, cuda or cuda:N, got \"{}\"",
                                                   at, device.torch_device));
    if (!log.good(at + ".address") || !log.good(at + ".name")) continue;
    if (!device.address.empty() && !is_address(device.address))
      log.report(at + ".address", fmt::format("{}.address must be HOST:PORT, e.g. 192.0.2.7:7000, got \"{}\"",
                                              at, device.address));
    if (any && device.address.empty())
      log.report(at, fmt::format("{} ({}) has no address, others have; give it one too (an agent may serve "
                                 "several devices at one address), or remove the others'",
                                 at, device.name));
  }
}

}  // namespace millrace
