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

// On the wall clock, compute of real devices is measured unless the scenario says otherwise: they need not
// match its assumptions. In virtual time a run depends on its scenario alone, on whatever it is computed.
ComputeKind usual_compute(const Scenario& scenario, bool agents_elsewhere) {
  const auto& run = scenario.run;
  const bool wall_clock = run.mode == Mode::deploy || run.mode == Mode::emulate;
  const bool addressed = run.mode == Mode::deploy && run.links == LinksKind::given &&
                         std::ranges::any_of(scenario.devices, [](const DeviceSection& device) {
                           return !device.address.empty();
                         });
  return addressed || (wall_clock && agents_elsewhere) ? ComputeKind::measured : ComputeKind::profile;
}

// --- items of the file that become several items of the scenario

void fill_links(const Fields& in, FilledScenario& filled) {
  auto& links = filled.scenario.network.links;
  for (std::size_t i = 0; i < in.size("network.links"); ++i) {
    for (LinkSection& link : links_at(in, fmt::format("network.links[{}]", i)))
      links.push_back(std::move(link));
    filled.link_item.resize(links.size(), i);
  }
}

void fill_events(const Fields& in, FilledScenario& filled) {
  auto& events = filled.scenario.events;
  const auto links = point_to_point_links(filled.scenario.network);
  for (std::size_t i = 0; i < in.size("events"); ++i) {
    for (EventSection& event : events_at(in, fmt::format("events[{}]", i), links))
      events.push_back(std::move(event));
    filled.event_item.resize(events.size(), i);
  }
}

}  // namespace

FilledScenario fill_scenario(const Fields& in, bool agents_elsewhere) {
  FilledScenario filled;
  Scenario& scenario = filled.scenario;
  scenario_table().fill(in, "", scenario);
  fill_links(in, filled);
  fill_events(in, filled);
  filled.has_model = model_by_name(in.text("model.name").value_or("")).ok();
  if (!in.text("workload.images")) scenario.workload.images = images_of(in, scenario.model);
  auto& quantization = scenario.policy.quantization;
  if (!in.text("policy.quantization.bits")) quantization.bits = usual_bits(scenario.policy);
  if (!in.text("run.compute")) scenario.run.compute = usual_compute(scenario, agents_elsewhere);
  return filled;
}

}  // namespace millrace
