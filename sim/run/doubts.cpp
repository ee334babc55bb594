#include "sim/run/doubts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "runtime/base/check.hpp"
#include "runtime/scenario/topology_links.hpp"
#include "sim/net/routes.hpp"

namespace millrace {
namespace {

// The network's devices and links, in the order of build_network_spec(), without rates.
NetworkSpec topology_of(const Scenario& scenario) {
  NetworkSpec spec;
  for (const auto& device : scenario.devices) spec.devices.push_back(device.name);
  for (const auto& node : forwarding_nodes(scenario)) spec.devices.push_back(node);
  const auto id = [&](const std::string& name) {
    const auto found = std::find(spec.devices.begin(), spec.devices.end(), name);
    MR_CHECK(found != spec.devices.end(), "links of a good scenario join what it has");
    return DeviceId{static_cast<std::uint32_t>(found - spec.devices.begin())};
  };
  for (const auto& [from, to] : hops(scenario.network))
    spec.links.push_back({.from = id(from), .to = id(to), .rate = BitRate(1)});
  return spec;
}

class Topology {
 public:
  Topology(const Scenario& scenario, const Plan& plan)
      : scenario_(scenario), spec_(topology_of(scenario)), routes_(spec_) {
    for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i) {
      const DeviceId a = plan.device_of({i}), b = plan.device_of({i + 1});
      if (a == b) continue;
      add_detour(a, b, "");
      add_detour(b, a, " (for acknowledgements)");
    }
    for (const auto& cross : scenario.network.cross_traffic) {
      use(path(device(cross.from), device(cross.to)));
      use(path(device(cross.to), device(cross.from)));
    }
    add_unused();
  }

  std::vector<std::string> doubts;

 private:
  DeviceId device(const std::string& name) const {
    const auto found = std::find(spec_.devices.begin(), spec_.devices.end(), name);
    return {static_cast<std::uint32_t>(found - spec_.devices.begin())};
  }
  const std::string& name(DeviceId device) const { return spec_.devices[device.value]; }
  std::vector<LinkId> path(DeviceId from, DeviceId to) const {
    return from == to ? std::vector<LinkId>() : routes_.path(from, to);
  }
  void use(const std::vector<LinkId>& way) {
    for (const LinkId link : way) used_.insert(link.value);
  }

  // Switches forward packets, and so does the hub of a star, whether it is a device or not.
  bool passes_on(DeviceId device) const {
    if (device.value >= scenario_.devices.size()) return true;
    const auto& segments = scenario_.network.segments;
    return std::any_of(segments.begin(), segments.end(), [&](const SegmentSection& segment) {
      return segment.kind == SegmentKind::star && segment.hub == name(device);
    });
  }

  void add_detour(DeviceId from, DeviceId to, std::string_view what_for) {
    const auto way = path(from, to);
    use(way);
    std::vector<std::string> stops{name(from)}, between;
    for (const LinkId link : way) {
      const DeviceId stop = spec_.links[link.value].to;
      stops.push_back(name(stop));
      if (stop != to && !passes_on(stop)) between.push_back(name(stop));
    }
    if (between.empty() || !told_.insert(std::minmax(from.value, to.value)).second) return;
    doubts.push_back(
        fmt::format("{} and {} are neighbours in the plan and have no link of their own; what they exchange "
                    "goes {}{}, over {}, "
                    "which shares its links with it: add a link between [{}, {}] if there is one",
                    name(from), name(to), fmt::join(stops, " -> "), what_for, fmt::join(between, " and "),
                    name(from), name(to)));
  }

  bool is_used(const std::string& from, const std::string& to) const {
    for (std::uint32_t i = 0; i < spec_.links.size(); ++i) {
      const auto& link = spec_.links[i];
      const bool joins = (name(link.from) == from && name(link.to) == to) ||
                         (name(link.from) == to && name(link.to) == from);
      if (joins && used_.contains(i)) return true;
    }
    return false;
  }

  void add_unused() {
    std::set<std::pair<std::string, std::string>> told;
    const auto doubt = [&](const std::string& what, const std::string& from, const std::string& to) {
      if (is_used(from, to) || !told.insert(std::minmax(from, to)).second) return;
      doubts.push_back(
          fmt::format("{} of link {} - {} has no effect: the plan sends nothing over it", what, from, to));
    };
    for (const auto& event : scenario_.events)
      doubt(fmt::format("the event at {:g} s", event.at.seconds()), event.from, event.to);
    for (const auto& link : point_to_point_links(scenario_.network)) {
      if (!link.trace.empty() || !link.delay_trace.empty() || !link.loss_trace.empty())
        doubt("the trace", link.from, link.to);
      if (link.loss_model) doubt("loss_model", link.from, link.to);
    }
  }

  const Scenario& scenario_;
  NetworkSpec spec_;
  Routes routes_;
  std::set<std::uint32_t> used_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> told_;
};

}  // namespace

std::vector<std::string> doubts_of(const Scenario& scenario, const Plan& plan) {
  std::vector<std::string> doubts;
  const auto microbatch = static_cast<std::uint64_t>(scenario.model.microbatch);
  if (scenario.workload.images < microbatch)
    doubts.push_back(
        fmt::format("model.microbatch is {} and workload.images {}: the run is one microbatch of {} image{}, "
                    "which says little "
                    "about a rate; raise workload.images, or lower model.microbatch",
                    microbatch, scenario.workload.images, scenario.workload.images,
                    scenario.workload.images == 1 ? "" : "s"));
  for (const auto& expectation : scenario.expect) {
    if (expectation.metric != "accuracy") continue;
    const bool no_tensors = scenario.run.mode == Mode::simulate;
    if (no_tensors || scenario.workload.dataset == "synthetic")
      doubts.push_back(
          fmt::format("expect.accuracy cannot be met: {} has no accuracy",
                      no_tensors ? "mode simulate, which runs no tensors," : "workload.dataset: synthetic"));
  }
  // Devices use the network that they have: the scenario's links are not applied.
  if (scenario.run.mode == Mode::deploy && scenario.run.links == LinksKind::given) return doubts;
  Topology topology(scenario, plan);
  doubts.insert(doubts.end(), topology.doubts.begin(), topology.doubts.end());
  return doubts;
}

std::vector<std::string> unseen_events(const Scenario& scenario, Time end) {
  std::vector<std::string> doubts;
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& event : scenario.events) {
    if (Time::zero() + event.at <= end || !told.insert(std::minmax(event.from, event.to)).second) continue;
    doubts.push_back(
        fmt::format("the event of link {} - {} at {:g} s did not happen: the run ended at {:.4g} s",
                    event.from, event.to, event.at.seconds(), end.since_start().seconds()));
  }
  return doubts;
}

}  // namespace millrace
