#include "sim/run/caveats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/base/figure_text.hpp"
#include "runtime/node/build_node.hpp"
#include "sim/links/real_links.hpp"
#include "sim/run/limitations.hpp"
#include "sim/run/run_checks.hpp"

namespace millrace {

namespace {

// Before the run.

struct Planned {
  const Scenario& scenario;
  const Plan& plan;
  AgentsAre agents;
  ComputeIs compute;
  LinksAre links;
};

bool on_the_wall_clock(Mode mode) { return mode == Mode::emulate || mode == Mode::deploy; }

// The device of the first stage whose measured time is stretched; null if there is none.
const DeviceSection* slowed_device(const Scenario& scenario, const Plan& plan) {
  for (const auto& stage : plan.stages) {
    const auto& device = scenario.devices.at(stage.device.value);
    if (device.slowdown != 1) return &device;
  }
  return nullptr;
}

ComputeIs compute_of(const Scenario& scenario, const Plan& plan) {
  const bool by_profile = scenario.run.compute == ComputeKind::profile;
  if (!on_the_wall_clock(scenario.run.mode)) return by_profile ? ComputeIs::profile : ComputeIs::measured;
  return by_profile || slowed_device(scenario, plan) != nullptr ? ComputeIs::imitated : ComputeIs::measured;
}

// Whether anything goes from one device to another.
bool crosses_links(const Plan& plan) {
  for (std::uint32_t i = 0; i + 1 < plan.node_count(); ++i)
    if (plan.device_of({i}) != plan.device_of({i + 1})) return true;
  return false;
}

bool describes_a_network(const NetworkSection& network) {
  return !network.links.empty() || !network.segments.empty() || !network.cross_traffic.empty();
}

LinksAre links_of(const Scenario& scenario, const Plan& plan, AgentsAre agents) {
  if (simulated(scenario.run.mode)) return LinksAre::simulated;
  if (on_shaped_links(scenario)) return LinksAre::shaped;
  const bool lost = crosses_links(plan) && describes_a_network(scenario.network);
  return agents == AgentsAre::local && lost ? LinksAre::not_applied : LinksAre::given;
}

// The keys of the scenario that describe the links.
std::string network_keys(const Scenario& scenario) {
  const auto& network = scenario.network;
  const bool traces =
      std::ranges::any_of(network.links, [](const LinkSection& link) { return !link.trace.empty(); });
  std::string keys;
  const auto add = [&keys](bool has, const char* key) {
    if (has) keys += (keys.empty() ? "" : ", ") + std::string(key);
  };
  add(!network.links.empty(), traces ? "network.links with its traces" : "network.links");
  add(!network.segments.empty(), "network.segments");
  add(!network.cross_traffic.empty(), "network.cross_traffic");
  add(!scenario.events.empty(), "events");
  return keys;
}

std::optional<std::string> compute_imitated(const Planned& run) {
  if (run.compute != ComputeIs::imitated) return std::nullopt;
  const bool local = run.agents == AgentsAre::local;
  if (run.scenario.run.compute == ComputeKind::measured)
    return fmt::format(
        "compute imitated: devices[].slowdown stretches what was measured ({}: {:g} times); with 1 the rate "
        "is "
        "that of {}",
        slowed_device(run.scenario, run.plan)->name, slowed_device(run.scenario, run.plan)->slowdown,
        local ? "this machine" : "the devices themselves");
  return fmt::format(
      "compute imitated: run.compute is profile, so every stage takes at least as long as the speed or "
      "profile of its device says; `--set run.compute=measured` lets {}",
      local ? "this machine compute as fast as it can" : "the real devices compute as fast as they can");
}

std::optional<std::string> compute_shared(const Planned& run) {
  const bool measured_here = run.scenario.run.mode != Mode::simulate && run.agents == AgentsAre::local &&
                             run.scenario.run.compute == ComputeKind::measured;
  if (!measured_here) return std::nullopt;
  return "compute was measured on this machine, whose processors all devices share: it is not the speed of "
         "the devices";
}

// How to apply the links, and what has to change first.
std::string how_to_apply(const Scenario& scenario, const Plan& plan) {
  std::string text = "`--set run.links=netns` (as root) applies them";
  const auto spec = checked_network(scenario, plan);
  const auto possible = spec ? RealLinks::check(*spec) : Result<void>(spec.error());
  return possible ? text : text + " once this is fixed: " + possible.error().message;
}

std::optional<std::string> links_not_applied(const Planned& run) {
  if (run.links != LinksAre::not_applied) return std::nullopt;
  return fmt::format(
      "links not applied: the devices talked over this machine's loopback, and {} had no effect; {}",
      network_keys(run.scenario), how_to_apply(run.scenario, run.plan));
}

std::optional<std::string> links_given(const Planned& run) {
  const bool described =
      run.links == LinksAre::given && crosses_links(run.plan) && describes_a_network(run.scenario.network);
  if (!described) return std::nullopt;
  return fmt::format("the devices' own network was used: {} was not applied", network_keys(run.scenario));
}

struct Before {
  const char* id;
  std::optional<std::string> (*text)(const Planned&);
};
constexpr std::array kBefore{
    Before{"compute_imitated", compute_imitated}, Before{"compute_shared", compute_shared},
    Before{"links_not_applied", links_not_applied}, Before{"links_given", links_given}};

// At its end.

std::optional<std::string> incomplete(const RunEnd& end) {
  if (!end.failure) return std::nullopt;
  return fmt::format("the run ended after {} s with {} of {} images: {}",
                     figure_text(end.summary.duration().seconds(), 3), end.summary.images(),
                     end.scenario.workload.images, end.failure->message);
}

std::optional<std::string> not_finite(const RunEnd& end) {
  if (end.summary.not_finite() == 0) return std::nullopt;
  return fmt::format(
      "NOT FINITE: the logits of {} of {} images hold a NaN or an infinity; those images have no class and "
      "count as "
      "wrong; check the weights, and whether the codec suits them",
      end.summary.not_finite(), end.summary.images());
}

// For a run that is too short for any answer, limitations_of() says so before the run begins.
std::optional<std::string> target_untold(const RunEnd& end) {
  const auto& target = end.summary.target();
  if (!target.share() || target.tells() || end.scenario.microbatches() < TargetShare::least_microbatches())
    return std::nullopt;
  const auto [low, high] = target.interval_95();
  return fmt::format(
      "{} microbatches are too few to tell how much of the target of {:g} images/s was held: {} to {} %; run "
      "longer",
      target.judged(), target.images_per_s(), figure_text(100 * low, 1), figure_text(100 * high, 1));
}

// Where compute is imitated and the real work takes longer than the imitated time, the rate is neither the
// device's nor this machine's. Stages report the longer of the two times.
std::optional<std::string> compute_overrun(const RunEnd& end) {
  constexpr double kNoticeable = 1.1;
  const Scenario& scenario = end.scenario;
  const bool imitated = on_the_wall_clock(scenario.run.mode) && scenario.run.compute == ComputeKind::profile;
  if (!imitated || end.failure || end.summary.images() != scenario.workload.images) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(scenario.model.microbatch);
  const auto rest = static_cast<std::uint32_t>(scenario.workload.images % whole);
  std::string worst;
  double most = kNoticeable;
  for (std::uint32_t i = 1; i + 1 < end.plan.node_count(); ++i) {
    const auto cost = build_cost(scenario, end.plan, {i});
    if (!cost) return std::nullopt;  // does not happen: such a run does not begin
    const auto price_s = [&](std::uint32_t images) {
      double sum = 0;
      for (const WorkKind kind : {WorkKind::forward, WorkKind::encode}) {
        Work work;
        work.kind = kind;
        work.images = images;
        sum += (*cost)->planned(work).value_or(WorkCost{}).total().seconds();
      }
      return sum;
    };
    const std::uint64_t full = scenario.workload.images / whole;
    const double due_s = static_cast<double>(full) * price_s(static_cast<std::uint32_t>(whole)) +
                         (rest > 0 ? price_s(rest) : 0);
    const StageFigures& took = end.summary.stage(i - 1);
    const double took_s = (took.decode + took.compute + took.encode).seconds();
    if (due_s <= 0 || took_s / due_s <= most) continue;
    most = took_s / due_s;
    worst = scenario.devices.at(end.plan.device_of({i}).value).name;
  }
  if (worst.empty()) return std::nullopt;
  return fmt::format(
      "compute overrun: the real work of {} took {} times as long as its speed or profile says, so the rate "
      "is "
      "neither that of the imitated device nor that of where it ran; imitate slower devices, or set "
      "run.compute: measured",
      worst, figure_text(most, 2));
}

struct After {
  std::string_view id;
  std::optional<std::string> (*text)(const RunEnd&);
};
constexpr std::array kAfter{After{kIncomplete, incomplete}, After{"not_finite", not_finite},
                            After{"target_untold", target_untold}, After{"compute_overrun", compute_overrun}};

}  // namespace

std::string_view name_of(ComputeIs compute) {
  constexpr std::array<std::string_view, 3> kNames{"profile", "measured", "imitated"};
  return kNames.at(static_cast<std::size_t>(compute));
}

std::string_view name_of(LinksAre links) {
  constexpr std::array<std::string_view, 4> kNames{"simulated", "shaped", "given", "not applied"};
  return kNames.at(static_cast<std::size_t>(links));
}

RunConditions conditions_of(const Scenario& scenario, const Plan& plan, AgentsAre agents,
                            const NetworkSpec* network) {
  RunConditions conditions{.compute = compute_of(scenario, plan), .links = links_of(scenario, plan, agents)};
  const Planned run{scenario, plan, agents, conditions.compute, conditions.links};
  for (const auto& row : kBefore)
    if (auto text = row.text(run)) conditions.caveats.push_back({row.id, std::move(*text)});
  for (auto& [id, text] : limitations_of(scenario, plan, network))
    conditions.caveats.push_back({std::move(id), std::move(text)});
  return conditions;
}

std::vector<Caveat> caveats_at_end(const RunEnd& end) {
  std::vector<Caveat> caveats;
  for (const auto& row : kAfter)
    if (auto text = row.text(end)) caveats.push_back({std::string(row.id), std::move(*text)});
  return caveats;
}

}  // namespace millrace
