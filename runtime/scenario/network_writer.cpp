#include "runtime/scenario/network_writer.hpp"

#include <utility>

#include "runtime/scenario/names.hpp"

namespace millrace {
namespace {

// Two equal directions one after the other are written as the pair they were read from, so that
// `network.links[i]` means the same in both files.
bool is_pair(const LinkSection& there, LinkSection back) {
  std::swap(back.from, back.to);
  return there == back;
}

void write_loss(Writer& out, const LinkSection& link) {
  if (!link.loss_trace.empty()) return out.line("loss_trace: {}", quoted_text(link.loss_trace));
  if (!link.loss_model) return out.line("loss: {}", number_text(link.loss));
  out.line("loss_model: {{p: {}, r: {}, good_loss: {}, bad_loss: {}}}", number_text(link.loss_model->p),
           number_text(link.loss_model->r), number_text(link.loss_model->good_loss),
           number_text(link.loss_model->bad_loss));
}

// All but the ends.
void write_properties(Writer& out, const LinkSection& link) {
  if (link.rate) out.line("rate: {}", format_exact(Unit::rate, link.rate->bit_per_s()));
  if (!link.trace.empty()) out.line("trace: {}", quoted_text(link.trace));
  out.line("trace_format: {}", name_of(link.trace_format));
  out.line("trace_end: {}", name_of(link.trace_end));
  out.line("trace_rows: {}", name_of(link.trace_rows));
  if (!link.trace_series.empty()) out.line("trace_series: {}", quoted_text(link.trace_series));
  out.line("trace_offset: {}", duration_text(link.trace_offset));
  out.line("trace_scale: {}", number_text(link.trace_scale));
  if (link.delay_trace.empty())
    out.line("delay: {}", duration_text(link.delay));
  else
    out.line("delay_trace: {}", quoted_text(link.delay_trace));
  out.line("queue: {}", size_text(link.queue));
  out.line("queue_discipline: {}", name_of(link.queue_discipline));
  write_loss(out, link);
  out.line("overhead: {}", size_text(link.overhead));
}

void write_link(Writer& out, const LinkSection& link, bool both_directions) {
  out.indent("    ");
  if (both_directions) {
    out.line("- between: {}", names_text({link.from, link.to}));
    out.indent("      ");
  } else {
    out.line("- from: {}", name_text(link.from));
    out.indent("      ");
    out.line("to: {}", name_text(link.to));
  }
  write_properties(out, link);
}

void write_access(Writer& out, const SegmentSection::Access& access) {
  out.indent("        ");
  out.line("- members: {}", names_text(access.members));
  out.indent("          ");
  out.line("up:");
  out.indent("            ");
  write_properties(out, access.up);
  out.indent("          ");
  out.line("down:");
  out.indent("            ");
  write_properties(out, access.down);
}

void write_wifi(Writer& out, const SegmentSection& segment) {
  if (!segment.access_point.empty()) out.line("access_point: {}", name_text(segment.access_point));
  out.line("standard: {}", segment.standard);
  out.line("rate_control: {}", segment.rate_control);
  out.line("distance: {}", format_real(Unit::length, segment.distance_m));
  if (!segment.distances.empty()) out.line("distances:");
  for (const auto& [member, metres] : segment.distances)
    out.line("  - {{member: {}, distance: {}}}", name_text(member), format_real(Unit::length, metres));
}

void write_segment(Writer& out, const SegmentSection& segment) {
  out.indent("    ");
  out.line("- name: {}", name_text(segment.name));
  out.indent("      ");
  out.line("kind: {}", name_of(segment.kind));
  if (segment.kind == SegmentKind::star) {
    out.line("hub: {}", name_text(segment.hub));
    out.line("access:");
    for (const auto& access : segment.access) write_access(out, access);
    return;
  }
  out.line("members: {}", names_text(segment.members));
  out.line("queue: {}", size_text(segment.queue));
  if (segment.kind == SegmentKind::wifi) return write_wifi(out, segment);
  if (segment.rate) out.line("rate: {}", format_exact(Unit::rate, segment.rate->bit_per_s()));
  out.line("delay: {}", duration_text(segment.delay));
}

void write_cross_traffic(Writer& out, const CrossTrafficSection& cross) {
  out.indent("    ");
  out.line("- from: {}", name_text(cross.from));
  out.indent("      ");
  out.line("to: {}", name_text(cross.to));
  out.line("kind: {}", name_of(cross.kind));
  if (cross.kind == CrossTrafficKind::on_off) {
    out.line("rate: {}", format_exact(Unit::rate, cross.rate.bit_per_s()));
    out.line("on_time: {}", duration_text(cross.on));
    out.line("off_time: {}", duration_text(cross.off));
    out.line("periods: {}", name_of(cross.periods));
  }
  out.line("start: {}", duration_text(cross.start));
  if (cross.stop) out.line("stop: {}", duration_text(*cross.stop));
}

}  // namespace

void write_network(Writer& out, const NetworkSection& network) {
  out.line("network:");
  out.indent("  ");
  if (network.kind) out.line("kind: {}", name_of(*network.kind));  // absent: the mode decides
  out.line("transport: {}", name_of(network.transport));
  out.line("tcp: {}", network.tcp);
  out.line("mtu: {}", size_text(network.mtu));
  if (!network.switches.empty()) out.line("switches: {}", names_text(network.switches));
  out.line("links:{}", network.links.empty() ? " []" : "");
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const bool pair = i + 1 < network.links.size() && is_pair(network.links[i], network.links[i + 1]);
    write_link(out, network.links[i], pair);
    if (pair) ++i;
  }
  out.indent("  ");
  if (!network.segments.empty()) out.line("segments:");
  for (const auto& segment : network.segments) write_segment(out, segment);
  out.indent("  ");
  if (!network.cross_traffic.empty()) out.line("cross_traffic:");
  for (const auto& cross : network.cross_traffic) write_cross_traffic(out, cross);
  out.indent("");
}

}  // namespace millrace
