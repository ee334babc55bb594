#include "sim/run/used_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/node/build_node.hpp"
#include "runtime/policy/quantization_policy.hpp"
#include "sim/net/routes.hpp"
#include "sim/run/network_builder.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/run/scenario_problem.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace millrace {

UsedNetwork::UsedNetwork(const Scenario& scenario, const Plan& plan, const NetworkSpec* network)
    : scenario_(scenario), plan_(plan) {
  if (!goes_over_links(scenario)) return;
  if (network) {
    spec_ = *network;
  } else {
    auto spec = build_network_spec(scenario);
    if (!spec) return;
    spec_ = std::move(*spec);
  }
  find_links();
}

bool UsedNetwork::fluid() const {
  return simulated(scenario_.run.mode) && network_kind(scenario_) == NetworkKind::fluid;
}

bool UsedNetwork::ns3() const {
  return simulated(scenario_.run.mode) && network_kind(scenario_) == NetworkKind::ns3;
}

std::string UsedNetwork::where(const std::function<bool(const UsedLink&)>& is) const {
  std::string first;
  int more = 0;
  for (const auto& used : links_) {
    if (!is(used)) continue;
    if (first.empty())
      first = "link " + used.name;
    else
      ++more;
  }
  return more > 0 ? fmt::format("{} and {} more", first, more) : first;
}

std::string UsedNetwork::on_medium(SegmentKind kind) const {
  for (const auto& used : links_)
    if (used.link->segment && spec_.segments[*used.link->segment].kind == kind)
      return spec_.segments[*used.link->segment].name;
  return {};
}

void UsedNetwork::find_links() {
  const Routes routes(spec_);
  std::map<std::uint32_t, int> transfers;
  for (std::uint32_t i = 0; i + 1 < plan_.node_count(); ++i) {
    const auto from = plan_.device_of({i}), to = plan_.device_of({i + 1});
    if (from == to) continue;
    const auto there = routes.path(from, to), back = routes.path(to, from);
    if (there.empty() || back.empty()) continue;
    for (const LinkId link : there) ++transfers[link.value];
    for (const LinkId link : back) transfers[link.value] += 0;
    add_hop(i, there, back);
  }
  for (const auto& [index, count] : transfers) {
    const auto& link = spec_.links[index];
    links_.push_back({&link,
                      fmt::format("{} -> {}", spec_.devices[link.from.value], spec_.devices[link.to.value]),
                      count});
  }
}

void UsedNetwork::add_hop(std::uint32_t node, const std::vector<LinkId>& there,
                          const std::vector<LinkId>& back) {
  UsedHop hop{.links = there};
  for (const LinkId link : there) {
    const double rate = trace_statistics(spec_.links[link.value].rate).mean_mbit_per_s * 1e6;
    hop.bit_per_s = hop.bit_per_s > 0 ? std::min(hop.bit_per_s, rate) : rate;
    hop.round_trip_s += spec_.links[link.value].delay.at(Time::zero()).seconds();
  }
  for (const LinkId link : back) hop.round_trip_s += spec_.links[link.value].delay.at(Time::zero()).seconds();
  const auto executor = build_size_executor(scenario_, plan_, {node});
  if (!executor) return;
  const bool stage = plan_.is_stage({node});
  const double bits = adaptive(scenario_) ? kFewestBits : scenario_.policy.quantization.bits;
  const auto images = std::min<std::uint64_t>(static_cast<std::uint64_t>(scenario_.model.microbatch),
                                              scenario_.workload.images);
  const auto sent = (*executor)->run({.kind = stage ? WorkKind::encode : WorkKind::load,
                                      .microbatch = {},
                                      .first_image = 0,
                                      .images = static_cast<std::uint32_t>(images),
                                      .input = {},
                                      .budget = {stage ? plan_.stage({node}).bits.value_or(bits) : bits}});
  if (!sent) return;
  hop.bytes = static_cast<double>(sent->output.size.count());
  hops_.push_back(std::move(hop));
}

}  // namespace millrace
