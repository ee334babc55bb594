#include "sim/run/network_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/scenario/topology_links.hpp"
#include "sim/net/link_events.hpp"
#include "sim/net/wifi_rates.hpp"
#include "sim/trace/series_reader.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {

namespace {

DeviceId device_id(const NetworkSpec& spec, const std::string& name) {
  const auto found = std::find(spec.devices.begin(), spec.devices.end(), name);
  MR_CHECK(found != spec.devices.end(), "a link to an unknown device in a good scenario");
  return {static_cast<std::uint32_t>(found - spec.devices.begin())};
}

Result<LinkRate> rate_of(const LinkSection& link) {
  if (link.rate) return LinkRate{*link.rate};
  return read_trace(link.trace, {.format = link.trace_format,
                                 .at_end = link.trace_end,
                                 .row_interval = link.trace_rows,
                                 .series = link.trace_series,
                                 .offset = link.trace_offset,
                                 .scale = link.trace_scale});
}

// Sets delay and loss, constant or over time.
Result<void> add_disturbance(const LinkSection& link, LinkSpec& spec) {
  const SeriesReading reading{.at_end = link.trace_end, .offset = link.trace_offset};
  spec.delay = link.delay;
  spec.loss = link.loss;
  if (!link.delay_trace.empty()) {
    auto delay = read_delay_series(link.delay_trace, reading);
    if (!delay) return delay.error();
    spec.delay = std::move(*delay);
  }
  if (!link.loss_trace.empty()) {
    auto loss = read_loss_series(link.loss_trace, reading);
    if (!loss) return loss.error();
    spec.loss = std::move(*loss);
  }
  return {};
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

// Adds every medium, and a link for every ordered pair of its members.
void add_segments(const NetworkSection& network, NetworkSpec& spec) {
  for (const auto& section : network.segments) {
    if (section.kind == SegmentKind::star) continue;  // among the links already
    SegmentSpec segment{.name = section.name, .kind = section.kind};
    segment.rate = section.rate.value_or(BitRate());
    segment.delay = section.delay;
    segment.queue = section.queue;
    segment.wifi.standard = section.standard;
    if (section.kind == SegmentKind::wifi)  // the peak rate, relative to which utilization is stated
      segment.rate = wifi_peak_rate(section.standard).value_or(BitRate());
    segment.wifi.rate_control = section.rate_control;
    if (!section.access_point.empty()) segment.wifi.access_point = device_id(spec, section.access_point);
    for (const auto& member : section.members) {
      segment.members.push_back(device_id(spec, member));
      const auto own = std::find_if(section.distances.begin(), section.distances.end(),
                                    [&](const auto& distance) { return distance.member == member; });
      segment.wifi.distances_m.push_back(own == section.distances.end() ? section.distance_m : own->metres);
    }
    for (const DeviceId from : segment.members) {
      for (const DeviceId to : segment.members) {
        if (from == to) continue;
        spec.links.push_back({.from = from, .to = to, .rate = segment.rate, .delay = segment.delay});
        spec.links.back().queue = segment.queue;
        spec.links.back().segment = static_cast<std::uint32_t>(spec.segments.size());
      }
    }
    spec.segments.push_back(std::move(segment));
  }
}

void add_cross_traffic(const NetworkSection& network, NetworkSpec& spec) {
  for (const auto& cross : network.cross_traffic) {
    spec.cross_traffic.push_back({.from = device_id(spec, cross.from),
                                  .to = device_id(spec, cross.to),
                                  .kind = cross.kind,
                                  .rate = cross.rate,
                                  .on = cross.on,
                                  .off = cross.off,
                                  .periods = cross.periods,
                                  .start = Time::zero() + cross.start,
                                  .stop = cross.stop ? Time::zero() + *cross.stop : Time::never()});
  }
}

}  // namespace

Result<NetworkSpec> build_network_spec(const Scenario& scenario) {
  NetworkSpec spec;
  for (const auto& device : scenario.devices) spec.devices.push_back(device.name);
  for (const auto& node : forwarding_nodes(scenario)) spec.devices.push_back(node);
  spec.transport = scenario.network.transport;
  spec.tcp_variant = scenario.network.tcp;
  spec.mtu = scenario.network.mtu;
  spec.seed = scenario.run.seed;
  // Links that replay the same trace in the same way share it.
  const auto trace_key = [](const LinkSection& link) {
    return std::tuple(link.trace, link.trace_format, link.trace_end, link.trace_rows, link.trace_series,
                      link.trace_offset, link.trace_scale);
  };
  std::map<decltype(trace_key(LinkSection())), LinkRate> traces;
  for (const auto& link : point_to_point_links(scenario.network)) {
    const auto key = trace_key(link);
    const auto known = link.rate ? traces.end() : traces.find(key);
    auto rate = known != traces.end() ? Result<LinkRate>(known->second) : rate_of(link);
    if (!rate) return rate.error();
    if (!link.rate) traces.emplace(key, *rate);
    const auto events = events_of(scenario, link);
    if (!events) return events.error();
    LinkSpec plain{.from = device_id(spec, link.from), .to = device_id(spec, link.to), .rate = *rate};
    plain.queue = link.queue;
    plain.loss_model = link.loss_model;
    plain.discipline = link.queue_discipline;
    plain.overhead = link.overhead;
    if (auto added = add_disturbance(link, plain); !added) return added.error();
    auto changed = with_events(std::move(plain), *events);
    if (!changed) return changed.error();
    spec.links.push_back(std::move(*changed));
  }
  add_segments(scenario.network, spec);
  add_cross_traffic(scenario.network, spec);
  return spec;
}

}  // namespace millrace
