#include "sim/run/limitations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "runtime/model/device_profile.hpp"
#include "runtime/policy/target_share.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/net/expected_loss.hpp"
#include "sim/net/routes.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/run/scenario_problem.hpp"
#include "sim/run/used_network.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace millrace {

namespace {

constexpr Duration kRetransmission = Duration::ms(200);  // Linux waits at least this long
constexpr std::size_t kFairSenders = 5;                  // of ns-3's CSMA

using Text = std::optional<std::string>;

bool loses(const UsedLink& used) { return millrace::loses(*used.link); }

// --- the fluid network

Text fluid_loss(const UsedNetwork& run) {
  const auto where = run.fluid() ? run.where(loses) : std::string();
  if (where.empty()) return std::nullopt;
  if (run.tcp())
    return fmt::format(
        "packets are lost on {}, and the fluid network knows TCP's losses only by their mean number, not "
        "when "
        "they happen: single runs differ from it, short ones most; set network.kind to ns3 for packets, and "
        "compare several seeds",
        where);
  return fmt::format(
      "packets are lost on {}, and the fluid network uses only the mean of loss: every bit takes "
      "1/(1 - loss) of its time, without bursts; for what loss does, set network.kind to ns3",
      where);
}

Text fluid_queue(const UsedNetwork& run) {
  if (!run.fluid()) return std::nullopt;
  const auto where =
      run.where([](const UsedLink& used) { return used.link->discipline != QueueDiscipline::drop_tail; });
  if (where.empty()) return std::nullopt;
  return fmt::format("the queue discipline of {} does nothing in the fluid network; set network.kind to ns3",
                     where);
}

Text fluid_outage(const UsedNetwork& run) {
  if (!run.fluid() || !run.tcp()) return std::nullopt;
  const auto where = run.where([](const UsedLink& used) {
    return trace_statistics(used.link->rate).longest_outage >= kRetransmission;
  });
  if (where.empty()) return std::nullopt;
  return fmt::format(
      "after outages of {} the fluid network goes on at once; a TCP connection waits for its "
      "retransmission timer, up to as long again as the outage was; set network.kind to ns3",
      where);
}

Text fluid_cross_traffic(const UsedNetwork& run) {
  if (!run.fluid() || run.spec().cross_traffic.empty()) return std::nullopt;
  const Routes routes(run.spec());
  for (const auto& cross : run.spec().cross_traffic) {
    for (const LinkId link : routes.path(cross.from, cross.to)) {
      const auto* met = &run.spec().links[link.value];
      const auto where = run.where([met](const UsedLink& used) { return used.link == met; });
      if (where.empty()) continue;
      return fmt::format(
          "cross traffic shares {}, at fair rates from one instant to the next in the fluid network; real "
          "connections find theirs in some round trips, and unlike ones; set network.kind to ns3",
          where);
    }
  }
  return std::nullopt;
}

Text fluid_medium(const UsedNetwork& run) {
  const auto name = run.fluid() ? run.on_medium(SegmentKind::csma) : std::string();
  if (name.empty()) return std::nullopt;
  return fmt::format("medium {} has no back-off in the fluid network: its senders lose nothing by contention",
                     name);
}

Text fluid_merge(const UsedNetwork& run) {
  if (!run.fluid() || run.tcp()) return std::nullopt;
  const auto where = run.where([](const UsedLink& used) { return used.transfers > 1; });
  if (where.empty()) return std::nullopt;
  return fmt::format(
      "several hops of the plan share {}, where the fluid network puts message behind message; bare packets "
      "mix "
      "in reality",
      where);
}

// --- both networks

// Whether a delay becomes shorter, which in reality lets packets overtake each other.
template <class Steps>
bool falls(const Steps& steps) {
  for (std::size_t i = 1; i < steps.size(); ++i)
    if (steps[i].second < steps[i - 1].second) return true;
  return false;
}
Text no_reordering(const UsedNetwork& run) {
  if (!simulated(run.scenario().run.mode)) return std::nullopt;
  const auto where = run.where([](const UsedLink& used) {
    const auto& delay = used.link->delay;
    return falls(delay.steps()) || (delay.series() != nullptr && falls(delay.series()->values));
  });
  if (where.empty()) return std::nullopt;
  return fmt::format(
      "the delay of {} becomes shorter: packets arrive together then, and none overtakes another", where);
}

// --- ns-3

Text wifi_model(const UsedNetwork& run) {
  const auto name = run.ns3() ? run.on_medium(SegmentKind::wifi) : std::string();
  if (name.empty()) return std::nullopt;
  const auto segment = std::ranges::find(run.spec().segments, name, &SegmentSpec::name);
  const auto& standard = segment->wifi.standard;
  const bool aggregates = standard == "802.11n" || standard == "802.11ac" || standard == "802.11ax";
  return fmt::format("Wi-Fi {} has {}one spatial stream, no fading and no movement{}", name,
                     aggregates ? "no frame aggregation, " : "",
                     aggregates ? fmt::format(": {} carries less here than real devices do", standard) : "");
}

Text ns3_medium(const UsedNetwork& run) {
  const auto name = run.ns3() ? run.on_medium(SegmentKind::csma) : std::string();
  if (name.empty()) return std::nullopt;
  const auto segment = std::ranges::find(run.spec().segments, name, &SegmentSpec::name);
  std::set<std::uint32_t> senders;
  for (const auto& used : run.links())
    if (used.link->segment && &run.spec().segments[*used.link->segment] == &*segment)
      senders.insert(used.link->from.value);
  if (senders.size() <= kFairSenders) return std::nullopt;
  return fmt::format("medium {} has {} senders, and ns-3's back-off does not share alike among more than {}",
                     name, senders.size(), kFairSenders);
}

// --- costs

Text costs_derived(const UsedNetwork& run) {
  if (run.scenario().run.compute != ComputeKind::profile) return std::nullopt;
  for (const auto& stage : run.plan().stages) {
    const auto& device = run.scenario().devices.at(stage.device.value);
    if (device.profile.empty()) continue;
    const auto cost = read_profile(device.profile, run.scenario().model.config);
    if (!cost || cost->derived_from().empty()) continue;
    return fmt::format("{}: {} was not measured on this device; costs are derived from {} by operation count",
                       device.profile, run.scenario().model.config.name, cost->derived_from());
  }
  return std::nullopt;
}

Text costs_extrapolated(const UsedNetwork& run) {
  const auto& scenario = run.scenario();
  if (scenario.run.compute != ComputeKind::profile) return std::nullopt;
  const auto images = static_cast<std::int64_t>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(scenario.model.microbatch), scenario.workload.images));
  for (const auto& stage : run.plan().stages) {
    const auto& device = scenario.devices.at(stage.device.value);
    if (device.profile.empty()) continue;
    const auto cost = read_profile(device.profile, scenario.model.config);
    if (!cost || images >= cost->least_images()) continue;
    return fmt::format(
        "{} was measured with microbatches of {} images at least, and costs of {} are computed in "
        "proportion, "
        "which flatters the device",
        device.profile, cost->least_images(), images);
  }
  return std::nullopt;
}

Text costs_of_padding(const UsedNetwork& run) {
  const auto& scenario = run.scenario();
  const bool padded =
      scenario.model.config.name.starts_with("bert") && scenario.workload.dataset.starts_with("tokens:");
  if (!padded || scenario.run.compute != ComputeKind::profile) return std::nullopt;
  return "profiles and speeds charge for whole sequences, padding included; real stages leave padding out";
}

// --- policies and plans

Text policy_never_adapts(const UsedNetwork& run) {
  const auto& quantization = run.scenario().policy.quantization;
  const auto microbatches = run.scenario().microbatches();
  if (!adaptive(run.scenario()) || run.plan().stages.size() < 2) return std::nullopt;
  // When the last microbatch's acknowledgement comes, there is nothing left to choose.
  if (decides_in_windows(quantization.kind) &&
      static_cast<std::uint64_t>(quantization.window) >= microbatches)
    return fmt::format(
        "policy.quantization.window: {} decides at the end of a window of {} microbatches, and every stage "
        "sees {}: "
        "it never adapts, and all are sent with its first choice; make the window shorter or the run longer",
        quantization.kind, quantization.window, microbatches);
  if (!decides_in_windows(quantization.kind) && microbatches < 2)
    return fmt::format(
        "policy.quantization: {} decides from what was acknowledged, and the run has one microbatch: it "
        "never adapts; make the run longer",
        quantization.kind);
  return std::nullopt;
}

Text target_too_short(const UsedNetwork& run) {
  const double target = run.scenario().policy.quantization.target_images_per_s;
  const auto microbatches = run.scenario().microbatches(), least = TargetShare::least_microbatches();
  if (target <= 0 || microbatches >= least) return std::nullopt;
  return fmt::format(
      "policy.quantization.target_rate: the run has {} microbatches, too few to tell whether {:g} "
      "images/s were held (the first {} are not judged); {} or more tell something",
      microbatches, target, TargetShare::kFree, least);
}

Text plan_by_mean(const UsedNetwork& run) {
  const auto& kind = run.scenario().policy.partition.kind;
  if (!plans_by_cost(kind)) return std::nullopt;
  const auto medium = run.on_medium(SegmentKind::wifi);
  if (!medium.empty())
    return fmt::format(
        "policy.partition: {} took Wi-Fi {} for its fastest modulation, free of contention: the fluid "
        "network, in "
        "which plans are tried, has no Wi-Fi",
        kind, medium);
  if (kind != "pipedream") return std::nullopt;
  const auto where = run.where([](const UsedLink& used) { return changes(*used.link); });
  if (where.empty()) return std::nullopt;
  return fmt::format(
      "policy.partition: pipedream took the mean for {}; optimal tries its plans under what changes", where);
}

Text joint_assumption(const UsedNetwork& run) {
  const auto cuts =
      std::ranges::count_if(run.plan().stages, [](const auto& stage) { return stage.bits.has_value(); });
  if (run.scenario().policy.partition.kind != "joint" || cuts < 2) return std::nullopt;
  return fmt::format(
      "policy.partition: joint takes the losses of {} cuts for independent; several cuts of few bits lose "
      "more "
      "together; measure the accuracy in mode cosim",
      cuts);
}

struct Row {
  const char* id;
  Text (*text)(const UsedNetwork&);
};
constexpr std::array kRows{Row{"fluid_loss", fluid_loss},
                           Row{"fluid_queue", fluid_queue},
                           Row{"fluid_outage", fluid_outage},
                           Row{"fluid_cross_traffic", fluid_cross_traffic},
                           Row{"fluid_medium", fluid_medium},
                           Row{"fluid_merge", fluid_merge},
                           Row{"no_reordering", no_reordering},
                           Row{"wifi_model", wifi_model},
                           Row{"ns3_medium", ns3_medium},
                           Row{"costs_derived", costs_derived},
                           Row{"costs_extrapolated", costs_extrapolated},
                           Row{"costs_of_padding", costs_of_padding},
                           Row{"policy_never_adapts", policy_never_adapts},
                           Row{"target_too_short", target_too_short},
                           Row{"plan_by_mean", plan_by_mean},
                           Row{"joint_assumption", joint_assumption}};

}  // namespace

std::vector<Limitation> limitations_of(const Scenario& scenario, const Plan& plan,
                                       const NetworkSpec* network) {
  const UsedNetwork run(scenario, plan, network);
  std::vector<Limitation> found;
  for (const auto& row : kRows)
    if (auto text = row.text(run)) found.push_back({row.id, std::move(*text)});
  return found;
}

}  // namespace millrace
