#include "runtime/scenario/scenario_fill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/fill_assign.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/network_fill.hpp"
#include "runtime/scenario/topology_links.hpp"

namespace millrace {
namespace {

bool fill_model(const Fields& in, ModelSection& model) {
  const auto known = model_by_name(in.text("model.name").value_or(""));
  if (known) model.config = *known;
  for (const ModelDimension& dimension : model_dimensions())
    assign(model.config.*dimension.value, in.exact(fmt::format("model.{}", dimension.name)));
  assign(model.config.normalisation, in.choice<Normalisation>("model.normalisation", kNormalisationNames));
  assign(model.weights, in.text("model.weights"));
  assign(model.microbatch, in.exact("model.microbatch"));
  return known.ok();
}

void fill_workload(const Fields& in, int microbatch, WorkloadSection& workload) {
  constexpr std::int64_t kDefaultMicrobatches = 8;
  assign(workload.dataset, in.text("workload.dataset"));
  const std::int64_t microbatches = in.exact("workload.microbatches").value_or(kDefaultMicrobatches);
  workload.images =
      static_cast<std::uint64_t>(in.exact("workload.images").value_or(microbatches * microbatch));
  assign(workload.arrivals, in.choice<ArrivalKind>("workload.arrivals", kArrivalNames));
  assign(workload.images_per_s, in.real("workload.rate"));
}

DeviceSection device_at(const Fields& in, const std::string& at) {
  DeviceSection device;
  assign(device.name, in.text(at + ".name"));
  if (const auto roles = names_in(in, at + ".runs"); !roles.empty()) {
    const auto has = [&](std::string_view role) {
      return std::find(roles.begin(), roles.end(), role) != roles.end();
    };
    device.source = has("source");
    device.sink = has("sink");
    device.stage = has("stage");
  }
  assign(device.profile, in.text(at + ".profile"));
  assign(device.flop_per_s, in.real(at + ".speed"));
  if (const auto memory = in.exact(at + ".memory")) device.memory = Bytes(*memory);
  assign(device.threads, in.exact(at + ".threads"));
  assign(device.slowdown, in.real(at + ".slowdown"));
  assign(device.torch_device, in.text(at + ".torch_device"));
  assign(device.address, in.text(at + ".address"));
  return device;
}

EventSection event_at(const Fields& in, const std::string& at) {
  EventSection event;
  assign(event.at, in.exact(at + ".at"));
  assign(event.from, in.text(at + ".from"));
  assign(event.to, in.text(at + ".to"));
  if (const auto state = in.text(at + ".state")) event.up = *state == "up";
  if (const auto rate = in.exact(at + ".rate")) event.rate = BitRate(*rate);
  assign(event.trace, in.text(at + ".trace"));
  if (const auto delay = in.exact(at + ".delay")) event.delay = Duration::ns(*delay);
  event.loss = in.real(at + ".loss");
  return event;
}

// What `link` means (link_text.hpp). One that joins nothing is left without names, for the checks to report.
void fill_events(const Fields& in, const NetworkSection& network, FilledScenario& filled) {
  const auto links = point_to_point_links(network);
  for (std::size_t i = 0; i < in.size("events"); ++i) {
    const std::string at = fmt::format("events[{}]", i);
    const EventSection event = event_at(in, at);
    const auto both = in.text(at + ".link");
    const auto before = filled.scenario.events.size();
    for (const auto& link : links) {
      if (!both || !means_link(*both, link.from, link.to)) continue;
      filled.scenario.events.push_back(event);
      filled.scenario.events.back().from = link.from;
      filled.scenario.events.back().to = link.to;
    }
    if (filled.scenario.events.size() == before) filled.scenario.events.push_back(event);
    filled.event_item.resize(filled.scenario.events.size(), i);
  }
}

void fill_policy(const Fields& in, PolicySection& policy) {
  assign(policy.partition.kind, in.text("policy.partition.kind"));
  for (std::size_t i = 0; i < in.size("policy.partition.cuts"); ++i) {
    const auto cut = in.exact(fmt::format("policy.partition.cuts[{}]", i));
    policy.partition.cuts.push_back(static_cast<int>(cut.value_or(0)));
  }
  policy.partition.devices = names_in(in, "policy.partition.devices");
  assign(policy.partition.objective, in.text("policy.partition.objective"));
  if (const auto bound = in.exact("policy.partition.latency_bound"))
    policy.partition.latency_bound = Duration::ns(*bound);
  assign(policy.partition.target_images_per_s, in.real("policy.partition.target_rate"));
  assign(policy.partition.accuracy_floor, in.real("policy.partition.accuracy_floor"));
  assign(policy.partition.accuracy_table, in.text("policy.partition.accuracy_table"));
  auto& quantization = policy.quantization;
  assign(quantization.kind, in.text("policy.quantization.kind"));
  assign(quantization.codec, in.text("policy.quantization.codec"));
  assign(quantization.scope, in.text("policy.quantization.scope"));
  assign(quantization.calibration, in.text("policy.quantization.calibration"));
  assign(quantization.target_images_per_s, in.real("policy.quantization.target_rate"));
  assign(quantization.window, in.exact("policy.quantization.window"));
  const bool fixed = quantization.kind == "fixed" && policy.partition.kind != "joint";
  const double own_bits = fixed ? codec_keys(quantization.codec).bits : 32;
  quantization.bits = in.real("policy.quantization.bits").value_or(own_bits);
}

void fill_run(const Fields& in, RunSection& run) {
  assign(run.mode, in.choice<Mode>("run.mode", kModeNames));
  assign(run.seed, in.exact("run.seed"));
  assign(run.links, in.choice<LinksKind>("run.links", kLinksNames));
  assign(run.window, in.exact("run.window"));
  assign(run.timeout, in.exact("run.timeout"));
  assign(run.heartbeat, in.exact("run.heartbeat"));
  assign(run.lateness_limit, in.exact("run.lateness_limit"));
  if (const auto interval = in.exact("run.link_interval")) run.link_interval = Duration::ns(*interval);
  run.pcap = names_in(in, "run.pcap");
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

}  // namespace

FilledScenario fill_scenario(const Fields& in, bool agents_elsewhere) {
  FilledScenario filled;
  Scenario& scenario = filled.scenario;
  assign(scenario.name, in.text("name"));
  filled.has_model = fill_model(in, scenario.model);
  fill_workload(in, scenario.model.microbatch, scenario.workload);
  for (std::size_t i = 0; i < in.size("devices"); ++i)
    scenario.devices.push_back(device_at(in, fmt::format("devices[{}]", i)));
  fill_network(in, scenario.network, filled.link_item);
  fill_events(in, scenario.network, filled);
  fill_policy(in, scenario.policy);
  fill_run(in, scenario.run);
  scenario.run.compute = in.choice<ComputeKind>("run.compute", kComputeNames)
                             .value_or(usual_compute(scenario, agents_elsewhere));
  if (const YamlNode* expect = in.node("expect")) {
    for (const YamlEntry& entry : expect->entries) {
      if (const auto bound = in.bound("expect." + entry.key))
        scenario.expect.push_back({entry.key, bound->at_least, bound->value});
    }
  }
  return filled;
}

}  // namespace millrace
