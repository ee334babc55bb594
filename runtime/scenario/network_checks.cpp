#include "runtime/scenario/network_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/device_names.hpp"
#include "runtime/scenario/schema_check.hpp"
#include "runtime/scenario/topology_links.hpp"

namespace millrace {
namespace {

class NetworkChecks {
 public:
  NetworkChecks(const NetworkToCheck& network, ProblemLog& log)
      : scenario_(network.scenario),
        network_(network.scenario.network),
        link_item_(network.link_item),
        device_index_(network.device_index),
        log_(log) {
    const auto nodes = forwarding_nodes(scenario_);
    forwarding_.insert(nodes.begin(), nodes.end());
  }

  void run() {
    check_switches();
    check_links();
    for (std::size_t i = 0; i < network_.segments.size(); ++i) check_segment(i);
    for (std::size_t i = 0; i < network_.cross_traffic.size(); ++i) check_cross_traffic(i);
  }

 private:
  bool known_node(const std::string& path, const std::string& name) {
    return check_device_name({scenario_, device_index_, forwarding_}, path, name, log_);
  }

  void check_switches() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < network_.switches.size(); ++i) {
      const std::string at = fmt::format("network.switches[{}]", i);
      if (!log_.good(at)) continue;
      const std::string& name = network_.switches[i];
      if (!seen.insert(name).second || device_index_.contains(name))
        log_.report(at, fmt::format("{}: the name \"{}\" is taken; names of devices and switches are unique",
                                    at, name));
    }
  }

  void check_links() {
    for (std::size_t i = 0; i < network_.links.size(); ++i) {
      const LinkSection& link = network_.links[i];
      const std::size_t item = link_item_[i];
      const std::string at = fmt::format("network.links[{}]", item);
      const bool second_direction = i > 0 && link_item_[i - 1] == item;
      if (second_direction) {  // the same two names again
        if (!log_.good(at)) continue;
      } else {
        check_properties(link, at);
        if (!check_ends(link, at)) continue;
      }
      join(link.from, link.to, at);
    }
  }

  // Notes a connection in one direction; a second one of the same direction is a problem.
  void join(const std::string& from, const std::string& to, const std::string& at) {
    const auto [first, is_new] = place_of_pair_.emplace(std::pair(from, to), at);
    if (!is_new && log_.good(at))
      log_.report(
          at, fmt::format("{} connects {} to {} already; one link per direction", first->second, from, to));
  }

  bool check_ends(const LinkSection& link, const std::string& at) {
    const bool is_pair = log_.has(at + ".between");
    const std::string from = is_pair ? at + ".between[0]" : at + ".from";
    const std::string to = is_pair ? at + ".between[1]" : at + ".to";
    const bool from_known = known_node(from, link.from);
    const bool to_known = known_node(to, link.to);
    if (from_known && to_known && link.from == link.to) {
      log_.report(to, fmt::format("{} connects {} to itself; name two devices", at, link.from));
      return false;
    }
    return from_known && to_known;
  }

  void check_queue(Bytes queue, const std::string& at) {
    const Bytes mtu = network_.mtu;
    if (log_.good(at + ".queue") && log_.good("network.mtu") && queue < mtu)
      log_.report(at + ".queue", fmt::format("{}.queue must hold a packet of network.mtu, {} B, got {} B", at,
                                             mtu.count(), queue.count()));
  }

  void check_properties(const LinkSection& link, const std::string& at) {
    check_queue(link.queue, at);
    if (link.queue_discipline != QueueDiscipline::drop_tail) needs_tcp(at + ".queue_discipline");
    const std::string model = at + ".loss_model";
    if (!link.loss_model || !log_.good(model)) return;
    if (link.loss_model->p > 0 && link.loss_model->r == 0)
      log_.report(model, model + " never leaves its bad state: r must be above 0");
    else if (link.loss_model->mean_loss() >= 1)
      log_.report(model, model + " loses every packet; its mean loss must be below 1");
  }

  void needs_tcp(const std::string& at) {
    if (network_.transport == Transport::raw && log_.good("network.transport") && log_.good(at))
      log_.report(at, at + " needs network.transport: tcp; bare packets are never dropped and never share");
  }

  void only_for(const std::string& at, std::string_view key, SegmentKind kind) {
    const std::string path = fmt::format("{}.{}", at, key);
    if (log_.has(path) && log_.good(path))
      log_.report(path, fmt::format("{} has no effect with kind: {}; remove it", path, name_of(kind)));
  }

  bool needs(const std::string& at, std::string_view key, SegmentKind kind) {
    const std::string path = fmt::format("{}.{}", at, key);
    if (log_.has(path)) return log_.good(path);
    log_.report(path, fmt::format("{} needs {} with kind: {}", at, key, name_of(kind)));
    return false;
  }

  void check_segment(std::size_t i) {
    const SegmentSection& segment = network_.segments[i];
    const std::string at = fmt::format("network.segments[{}]", i);
    if (!log_.good(at + ".kind") || !log_.good(at + ".name")) return;
    if (!segment_names_.insert(segment.name).second)
      log_.report(at + ".name", fmt::format("{}.name \"{}\" is taken; names are unique", at, segment.name));
    constexpr std::array kOf{
        std::pair("rate", SegmentKind::csma),         std::pair("delay", SegmentKind::csma),
        std::pair("hub", SegmentKind::star),          std::pair("access", SegmentKind::star),
        std::pair("access_point", SegmentKind::wifi), std::pair("standard", SegmentKind::wifi),
        std::pair("rate_control", SegmentKind::wifi), std::pair("distance", SegmentKind::wifi),
        std::pair("distances", SegmentKind::wifi)};
    for (const auto& [key, kind] : kOf) {
      if (kind != segment.kind) only_for(at, key, segment.kind);
    }
    if (segment.kind == SegmentKind::star) return check_star(segment, at);
    needs_tcp(at + ".kind");
    check_queue(segment.queue, at);
    if (segment.kind == SegmentKind::csma) needs(at, "rate", segment.kind);
    if (!needs(at, "members", segment.kind) || !check_members(segment.members, at, at)) return;
    for (const auto& from : segment.members) {
      for (const auto& to : segment.members) {
        if (from != to) join(from, to, at);
      }
    }
    if (segment.kind == SegmentKind::wifi) check_wifi(segment, at);
  }

  bool check_members(const std::vector<std::string>& members, const std::string& list,
                     const std::string& at) {
    bool good = true;
    for (std::size_t m = 0; m < members.size(); ++m)
      good = known_node(fmt::format("{}.members[{}]", list, m), members[m]) && good;
    const auto twice = good ? log_.first_repetition(list + ".members") : std::string();
    if (twice.empty()) return good;
    log_.report(list + ".members", fmt::format("{} has {} twice; a member once", at, twice));
    return false;
  }

  void check_star(const SegmentSection& segment, const std::string& at) {
    only_for(at, "members", segment.kind);
    only_for(at, "queue", segment.kind);
    if (!needs(at, "hub", segment.kind) || !needs(at, "access", segment.kind)) return;
    for (std::size_t a = 0; a < segment.access.size(); ++a) {
      const auto& access = segment.access[a];
      const std::string list = fmt::format("{}.access[{}]", at, a);
      check_properties(access.up, list + ".up");
      check_properties(access.down, list + ".down");
      if (!check_members(access.members, list, at)) continue;
      for (const auto& member : access.members) {
        if (member == segment.hub)
          log_.report(list + ".members", fmt::format("{} has its hub, {}, as a member", at, member));
        join(member, segment.hub, list);
        join(segment.hub, member, list);
      }
    }
  }

  void check_wifi(const SegmentSection& segment, const std::string& at) {
    const auto is_member = [&](const std::string& name) {
      return std::find(segment.members.begin(), segment.members.end(), name) != segment.members.end();
    };
    const std::string point = at + ".access_point";
    if (log_.good(point) && !segment.access_point.empty() && !is_member(segment.access_point))
      log_.report(point, fmt::format("{} is \"{}\", which is not a member", point, segment.access_point));
    for (std::size_t d = 0; d < segment.distances.size(); ++d) {
      const std::string item = fmt::format("{}.distances[{}].member", at, d);
      if (log_.good(item) && !is_member(segment.distances[d].member))
        log_.report(item,
                    fmt::format("{} is \"{}\", which is not a member", item, segment.distances[d].member));
    }
  }

  void check_cross_traffic(std::size_t i) {
    const CrossTrafficSection& cross = network_.cross_traffic[i];
    const std::string at = fmt::format("network.cross_traffic[{}]", i);
    if (!log_.good(at)) return;
    needs_tcp(at);
    const bool bulk = cross.kind == CrossTrafficKind::tcp_bulk;
    if (!bulk && !log_.has(at + ".rate")) log_.report(at, at + " needs rate with kind: on-off");
    for (const char* key : {"rate", "on_time", "off_time", "periods"}) {
      const std::string path = fmt::format("{}.{}", at, key);
      if (bulk && log_.has(path)) log_.report(path, path + " has no effect with kind: tcp-bulk; remove it");
    }
    if (cross.stop && *cross.stop <= cross.start)
      log_.report(at + ".stop", at + ".stop must be after its start");
    if (!known_node(at + ".from", cross.from) || !known_node(at + ".to", cross.to)) return;
    if (cross.from == cross.to)
      return log_.report(at + ".to", at + " goes from a device to itself; name two devices");
    if (!log_.good("network") || !device_names_sound(scenario_, log_)) return;
    const auto joined = hops(network_);
    if (!leads(joined, cross.from, cross.to) || (bulk && !leads(joined, cross.to, cross.from)))
      log_.report(at, fmt::format("{}: no links lead from {} to {}{}", at, cross.from, cross.to,
                                  bulk ? " and back" : ""));
  }

  const Scenario& scenario_;
  const NetworkSection& network_;
  const std::vector<std::size_t>& link_item_;
  const std::map<std::string, std::size_t>& device_index_;
  ProblemLog& log_;
  std::set<std::string> forwarding_, segment_names_;
  std::map<std::pair<std::string, std::string>, std::string> place_of_pair_;
};

}  // namespace

void check_network_section(const NetworkToCheck& network, ProblemLog& log) {
  NetworkChecks(network, log).run();
}

}  // namespace millrace
