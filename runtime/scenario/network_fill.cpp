#include "runtime/scenario/network_fill.hpp"

#include <utility>

#include "runtime/scenario/fill_assign.hpp"
#include "runtime/scenario/link_presets.hpp"
#include "runtime/scenario/names.hpp"

namespace millrace {
namespace {

void apply_preset(const Fields& in, const std::string& at, bool downwards, LinkSection& link) {
  const auto preset = preset_by_name(in.text(at + ".preset").value_or(""), downwards);
  if (!preset) return;
  if (in.node(at + ".rate") == nullptr && in.node(at + ".trace") == nullptr) link.rate = preset->rate;
  if (in.node(at + ".delay_trace") == nullptr) link.delay = preset->delay;
  if (in.node(at + ".loss_trace") == nullptr && in.node(at + ".loss_model") == nullptr)
    link.loss = preset->loss;
  link.overhead = preset->overhead;
}

// A link's keys but its ends. `downwards`: which direction of a preset is meant.
LinkSection link_at(const Fields& in, const std::string& at, bool downwards) {
  LinkSection link;
  apply_preset(in, at, downwards, link);
  if (const auto rate = in.exact(at + ".rate")) link.rate = BitRate(*rate);
  assign(link.trace, in.text(at + ".trace"));
  assign(link.trace_format, in.choice<TraceFormat>(at + ".trace_format", kTraceFormatNames));
  assign(link.trace_end, in.choice<TraceEnd>(at + ".trace_end", kTraceEndNames));
  assign(link.trace_rows, in.choice<TraceRows>(at + ".trace_rows", kTraceRowsNames));
  assign(link.trace_series, in.text(at + ".trace_series"));
  assign(link.trace_offset, in.exact(at + ".trace_offset"));
  assign(link.trace_scale, in.real(at + ".trace_scale"));
  if (in.node(at + ".delay") != nullptr) assign(link.delay, in.exact(at + ".delay"));
  assign(link.delay_trace, in.text(at + ".delay_trace"));
  assign(link.queue, in.exact(at + ".queue"));
  assign(link.queue_discipline, in.choice<QueueDiscipline>(at + ".queue_discipline", kQueueDisciplineNames));
  if (in.node(at + ".loss") != nullptr) assign(link.loss, in.real(at + ".loss"));
  assign(link.loss_trace, in.text(at + ".loss_trace"));
  if (in.node(at + ".loss_model") != nullptr) {
    GilbertElliott model;
    assign(model.p, in.real(at + ".loss_model.p"));
    assign(model.r, in.real(at + ".loss_model.r"));
    assign(model.good_loss, in.real(at + ".loss_model.good_loss"));
    assign(model.bad_loss, in.real(at + ".loss_model.bad_loss"));
    link.loss_model = model;
  }
  if (in.node(at + ".overhead") != nullptr) assign(link.overhead, in.exact(at + ".overhead"));
  return link;
}

void fill_links(const Fields& in, NetworkSection& network, std::vector<std::size_t>& link_item) {
  for (std::size_t i = 0; i < in.size("network.links"); ++i) {
    const std::string at = fmt::format("network.links[{}]", i);
    LinkSection link = link_at(in, at, false);
    assign(link.from, in.text(at + ".from"));
    assign(link.to, in.text(at + ".to"));
    const auto ends = names_in(in, at + ".between");
    if (ends.size() == 2) {
      link.from = ends[0];
      link.to = ends[1];
    }
    network.links.push_back(link);
    link_item.push_back(i);
    if (ends.size() != 2) continue;
    network.links.push_back(link_at(in, at, true));
    network.links.back().from = ends[1];
    network.links.back().to = ends[0];
    link_item.push_back(i);
  }
}

SegmentSection segment_at(const Fields& in, const std::string& at) {
  SegmentSection segment;
  assign(segment.name, in.text(at + ".name"));
  assign(segment.kind, in.choice<SegmentKind>(at + ".kind", kSegmentNames));
  segment.members = names_in(in, at + ".members");
  assign(segment.hub, in.text(at + ".hub"));
  for (std::size_t i = 0; i < in.size(at + ".access"); ++i) {
    const std::string access = fmt::format("{}.access[{}]", at, i);
    segment.access.push_back({.members = names_in(in, access + ".members"),
                              .up = link_at(in, access + ".up", false),
                              .down = link_at(in, access + ".down", true)});
  }
  if (const auto rate = in.exact(at + ".rate")) segment.rate = BitRate(*rate);
  assign(segment.delay, in.exact(at + ".delay"));
  assign(segment.queue, in.exact(at + ".queue"));
  assign(segment.access_point, in.text(at + ".access_point"));
  assign(segment.standard, in.text(at + ".standard"));
  assign(segment.rate_control, in.text(at + ".rate_control"));
  assign(segment.distance_m, in.real(at + ".distance"));
  for (std::size_t i = 0; i < in.size(at + ".distances"); ++i) {
    const std::string item = fmt::format("{}.distances[{}]", at, i);
    segment.distances.push_back({.member = in.text(item + ".member").value_or(""),
                                 .metres = in.real(item + ".distance").value_or(0)});
  }
  return segment;
}

CrossTrafficSection cross_traffic_at(const Fields& in, const std::string& at) {
  CrossTrafficSection cross;
  assign(cross.from, in.text(at + ".from"));
  assign(cross.to, in.text(at + ".to"));
  assign(cross.kind, in.choice<CrossTrafficKind>(at + ".kind", kCrossTrafficNames));
  if (const auto rate = in.exact(at + ".rate")) cross.rate = BitRate(*rate);
  assign(cross.on, in.exact(at + ".on_time"));
  assign(cross.off, in.exact(at + ".off_time"));
  assign(cross.periods, in.choice<PeriodKind>(at + ".periods", kPeriodNames));
  assign(cross.start, in.exact(at + ".start"));
  if (const auto stop = in.exact(at + ".stop")) cross.stop = Duration::ns(*stop);
  return cross;
}

}  // namespace

void fill_network(const Fields& in, NetworkSection& network, std::vector<std::size_t>& link_item) {
  network.kind = in.choice<NetworkKind>("network.kind", kNetworkNames);
  assign(network.transport, in.choice<TransportKind>("network.transport", kTransportNames));
  assign(network.tcp, in.text("network.tcp"));
  assign(network.mtu, in.exact("network.mtu"));
  network.switches = names_in(in, "network.switches");
  fill_links(in, network, link_item);
  for (std::size_t i = 0; i < in.size("network.segments"); ++i)
    network.segments.push_back(segment_at(in, fmt::format("network.segments[{}]", i)));
  for (std::size_t i = 0; i < in.size("network.cross_traffic"); ++i)
    network.cross_traffic.push_back(cross_traffic_at(in, fmt::format("network.cross_traffic[{}]", i)));
}

}  // namespace millrace
