#include <fmt/format.h>

#include <algorithm>

#include "sim/net/link_events.hpp"
#include "sim/run/link_report.hpp"
#include "sim/run/runner.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {

namespace {

Result<LinkRate> rate_of(const LinkSection& link) {
  if (link.rate) return LinkRate{*link.rate};
  return read_trace(link.trace, {.format = link.trace_format,
                                 .at_end = link.trace_end,
                                 .row_interval = link.trace_rows,
                                 .series = link.trace_series,
                                 .offset = link.trace_offset,
                                 .scale = link.trace_scale});
}

// The events of one link, in the order of time; those of one instant stay in the order they are written in.
Result<std::vector<LinkEvent>> events_of(const Scenario& scenario, const LinkSection& link) {
  std::vector<const EventSection*> own;
  for (const auto& event : scenario.events) {
    if (event.from == link.from && event.to == link.to) own.push_back(&event);
  }
  std::stable_sort(own.begin(), own.end(),
                   [](const EventSection* a, const EventSection* b) { return a->at < b->at; });
  std::vector<LinkEvent> events;
  for (const EventSection* one : own) {
    const EventSection& event = *one;
    const Time at = Time::zero() + event.at;
    if (event.up) events.push_back({at, *event.up ? LinkState::up : LinkState::down});
    if (event.rate) events.push_back({at, LinkRate(*event.rate)});
    if (!event.trace.empty()) {
      auto trace = read_trace(event.trace, {});
      if (!trace) return trace.error();
      events.push_back({at, *trace});
    }
    if (event.delay) events.push_back({at, DelayChange{*event.delay}});
    if (event.loss) events.push_back({at, LossChange{*event.loss}});
  }
  return events;
}

}  // namespace

Result<NetworkSpec> build_network_spec(const Scenario& scenario) {
  NetworkSpec spec;
  for (const auto& device : scenario.devices) spec.devices.push_back(device.name);
  spec.transport = scenario.network.transport == TransportKind::raw ? Transport::raw : Transport::tcp;
  spec.tcp_variant = scenario.network.tcp;
  spec.mtu = scenario.network.mtu;
  spec.seed = scenario.run.seed;
  // Links that replay one trace alike share it.
  const auto trace_key = [](const LinkSection& link) {
    return std::tuple(link.trace, link.trace_format, link.trace_end, link.trace_rows, link.trace_series,
                      link.trace_offset, link.trace_scale);
  };
  std::map<decltype(trace_key(scenario.network.links[0])), LinkRate> traces;
  for (const auto& link : scenario.network.links) {
    const auto key = trace_key(link);
    const auto known = link.rate ? traces.end() : traces.find(key);
    auto rate = known != traces.end() ? Result<LinkRate>(known->second) : rate_of(link);
    if (!rate) return rate.error();
    if (!link.rate) traces.emplace(key, *rate);
    const auto events = events_of(scenario, link);
    if (!events) return events.error();
    auto changed = with_events({.from = device_id(scenario, link.from),
                                .to = device_id(scenario, link.to),
                                .rate = *rate,
                                .delay = link.delay,
                                .queue = link.queue,
                                .loss = link.loss},
                               *events);
    if (!changed) return changed.error();
    spec.links.push_back(std::move(*changed));
  }
  return spec;
}

}  // namespace millrace
