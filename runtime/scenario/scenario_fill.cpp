#include "runtime/scenario/scenario_fill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/tables.hpp"
#include "runtime/scenario/topology_links.hpp"

namespace millrace {
namespace {

// --- defaults that depend on other keys

std::uint64_t images_of(const Fields& in, const ModelSection& model) {
  constexpr std::int64_t kDefaultMicrobatches = 8;
  const auto microbatches = in.exact(Unit::none, "workload.microbatches").value_or(kDefaultMicrobatches);
  return static_cast<std::uint64_t>(microbatches * model.microbatch);
}

double usual_bits(const PolicySection& policy) {
  const bool fixed = policy.quantization.kind == "fixed" && policy.partition.kind != "joint";
  return fixed ? codec_keys(policy.quantization.codec).bits : 32;
}

// Real devices on the wall clock are not to be held to what a scenario assumes of them, unless it says so. In
// virtual time a run is a function of its scenario, whoever computes.
ComputeKind usual_compute(const Scenario& scenario, bool agents_elsewhere) {
  const auto& run = scenario.run;
  const bool wall_clock = run.mode == Mode::deploy || run.mode == Mode::emulate;
  const bool addressed = run.mode == Mode::deploy && run.links == LinksKind::given &&
                         std::ranges::any_of(scenario.devices, [](const DeviceSection& device) {
                           return !device.address.empty();
                         });
  return addressed || (wall_clock && agents_elsewhere) ? ComputeKind::measured : ComputeKind::profile;
}

// --- where links and events come from

std::vector<std::size_t> link_items(const Fields& in) {
  std::vector<std::size_t> items;
  for (std::size_t i = 0; i < in.size("network.links"); ++i) {
    const auto directions = in.size(fmt::format("network.links[{}].between", i)) == 2 ? 2 : 1;
    items.insert(items.end(), directions, i);
  }
  return items;
}

std::vector<std::size_t> event_items(const Fields& in, const NetworkSection& network) {
  const auto links = point_to_point_links(network);
  std::vector<std::size_t> items;
  for (std::size_t i = 0; i < in.size("events"); ++i)
    items.insert(items.end(), events_at(in, fmt::format("events[{}]", i), links).size(), i);
  return items;
}

}  // namespace

FilledScenario fill_scenario(const Fields& in, bool agents_elsewhere) {
  FilledScenario filled;
  Scenario& scenario = filled.scenario;
  scenario_table().fill(in, "", scenario);
  filled.has_model = model_by_name(in.text("model.name").value_or("")).ok();
  if (!in.text("workload.images")) scenario.workload.images = images_of(in, scenario.model);
  auto& quantization = scenario.policy.quantization;
  if (!in.text("policy.quantization.bits")) quantization.bits = usual_bits(scenario.policy);
  if (!in.text("run.compute")) scenario.run.compute = usual_compute(scenario, agents_elsewhere);
  filled.link_item = link_items(in);
  filled.event_item = event_items(in, scenario.network);
  return filled;
}

}  // namespace millrace
