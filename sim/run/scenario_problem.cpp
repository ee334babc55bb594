#include "sim/run/scenario_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/node/build_node.hpp"
#include "runtime/node/size_executor.hpp"
#include "runtime/planner/accuracy_table.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/wire/messages.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/network_check.hpp"
#include "sim/net/routes.hpp"
#include "sim/run/network_builder.hpp"
#include "sim/run/planning_request.hpp"

namespace millrace {

namespace {

constexpr double kFloatBytes = 4;

std::int64_t images_of(const Scenario& scenario) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(scenario.model.microbatch), scenario.workload.images));
}

// The size of the encoding at the cut, without a message's fields and packets' headers.
Result<double> encoded_bytes(const Scenario& scenario, int cut, double bits) {
  const auto& section = scenario.policy.quantization;
  const ModelConfig& model = scenario.model.config;
  const bool inner = cut > 0 && cut < model.sub_layers();
  const auto scope = scale_scope_by_name(section.scope);
  if (!scope) return scope.error();
  auto codec = make_codec({.name = cut == 0 ? "u8" : (inner ? section.codec : "fp32"), .scope = *scope});
  if (!codec) return codec.error();
  SizeExecutor executor(model, cut, std::move(*codec));
  const auto sent = executor.run({.kind = cut == 0 ? WorkKind::load : WorkKind::encode,
                                  .microbatch = {},
                                  .first_image = 0,
                                  .images = static_cast<std::uint32_t>(images_of(scenario)),
                                  .input = {},
                                  .budget = {inner ? bits : 32}});
  if (!sent) return sent.error();
  return static_cast<double>(sent->output.size.count());
}

Result<PlanningCoding> coding_of(const Scenario& scenario, const NetworkSpec& spec, double bits) {
  const Framing framing(spec.transport, spec.mtu);
  PlanningCoding coding{.bits_per_value = bits, .wire_bytes = {}};
  for (int cut = 0; cut <= scenario.model.config.sub_layers(); ++cut) {
    const auto bytes = encoded_bytes(scenario, cut, bits);
    if (!bytes) return bytes.error();
    const Bytes message = message_size(Activation{.microbatch = {},
                                                  .first_image = 0,
                                                  .images = 1,
                                                  .created = {},
                                                  .values = 0,
                                                  .payload = {Bytes(static_cast<std::int64_t>(*bytes)), {}}});
    coding.wire_bytes.push_back(static_cast<double>(framing.wire_size(message).count()));
  }
  return coding;
}

// The slowest link sets the rate; every other link adds its delay and one packet's time.
PlanningHop over(const std::vector<ReckonedLink>& reckoned, const std::vector<LinkId>& links, Bytes packet) {
  PlanningHop hop{.bit_per_s = reckoned[links.front().value].bit_per_s};
  for (const LinkId link : links) hop.bit_per_s = std::min(hop.bit_per_s, reckoned[link.value].bit_per_s);
  if (hop.bit_per_s <= 0) return {};
  hop.latency_s = -static_cast<double>(packet.bits()) / hop.bit_per_s;
  for (const LinkId link : links)
    hop.latency_s +=
        reckoned[link.value].delay_s + static_cast<double>(packet.bits()) / reckoned[link.value].bit_per_s;
  hop.latency_s = std::max(hop.latency_s, 0.0);
  return hop;
}

class Builder {
 public:
  Builder(const Scenario& scenario, const NetworkSpec& spec)
      : scenario_(scenario), spec_(spec), model_(scenario.model.config), images_(images_of(scenario)) {}

  Result<PlanningProblem> run() {
    problem_.model = model_.name;
    problem_.layers = model_.sub_layers();
    problem_.images = static_cast<int>(images_);
    problem_.window = scenario_.run.window;
    problem_.goal = planning_goal_of(scenario_.policy.partition);
    if (auto added = add_devices(); !added) return added.error();
    if (auto added = add_codings(); !added) return added.error();
    reckon_links(spec_, {}, problem_);
    if (auto filled = fill_memory(scenario_, problem_.codings.front().bits_per_value, problem_); !filled)
      return filled.error();
    if (auto sound = check_problem(problem_); !sound) return sound.error();
    return std::move(problem_);
  }

 private:
  std::int64_t values(int cut) const { return values_at_cut(model_, cut) * images_; }

  Result<void> add_devices() {
    const auto& chosen = scenario_.policy.partition.devices;
    for (std::size_t d = 0; d < scenario_.devices.size(); ++d) {
      const DeviceSection& section = scenario_.devices[d];
      PlanningDevice device{.name = section.name, .stage = section.stage, .compute_s = {}};
      if (!chosen.empty())
        device.stage = std::find(chosen.begin(), chosen.end(), section.name) != chosen.end();
      if (section.source) problem_.source = d;
      if (section.sink) problem_.sink = d;
      if (section.memory) device.memory_bytes = static_cast<double>(section.memory->count());
      if (device.stage) {
        const auto cost = device_cost(scenario_, section);
        if (!cost) return cost.error();
        for (int layer = 1; layer <= model_.sub_layers(); ++layer)
          device.compute_s.push_back(cost->compute({layer, layer}, images_).seconds());
        for (int cut = 0; cut <= model_.sub_layers(); ++cut) {
          device.decode_s.push_back(cost->decode(values(cut)).seconds());
          device.encode_s.push_back(cost->encode(values(cut)).seconds());
        }
      }
      problem_.devices.push_back(std::move(device));
    }
    return {};
  }

  Result<void> add_codings() {
    const auto& quantization = scenario_.policy.quantization;
    if (scenario_.policy.partition.kind != "joint")
      return reckon_bits(scenario_, spec_, quantization.bits, problem_);
    const auto& file = scenario_.policy.partition.accuracy_table;
    if (file.empty())
      return Error{
          "joint plans with an accuracy table: give --accuracy-table, or policy.partition.accuracy_table",
          ExitCode::usage};
    const auto rows = read_accuracy_table(file);
    if (!rows) return rows.error();
    auto known = accuracies_of(*rows, quantization.codec,
                               codec_keys(quantization.codec).has_scope ? quantization.scope : "",
                               model_.sub_layers());
    if (!known) return known.error().in(file);
    problem_.baseline_accuracy = known->baseline;
    for (auto& width : known->widths) {
      auto coding = coding_of(scenario_, spec_, width.bits);
      if (!coding) return coding.error();
      coding->retained = std::move(width.retained);
      coding->possible = std::move(width.known);
      problem_.codings.push_back(std::move(*coding));
    }
    return {};
  }

  const Scenario& scenario_;
  const NetworkSpec& spec_;
  const ModelConfig& model_;
  std::int64_t images_;
  PlanningProblem problem_;
};

}  // namespace

Result<PlanningProblem> planning_problem_of(const Scenario& scenario) {
  const auto spec = planning_network_of(scenario);
  if (!spec) return spec.error();
  return planning_problem_of(scenario, *spec);
}

Result<PlanningProblem> planning_problem_of(const Scenario& scenario, const NetworkSpec& spec) {
  return Builder(scenario, spec).run();
}

Result<NetworkSpec> planning_network_of(const Scenario& scenario) {
  auto spec = build_network_spec(scenario);
  if (!spec) return spec;
  if (auto sound = check_network(*spec); !sound) return Error{sound.error().message, ExitCode::invalid_input};
  return spec;
}

bool adaptive(const Scenario& scenario) { return scenario.policy.quantization.kind != "fixed"; }

std::vector<std::string> known_by_mean(const Scenario& scenario, const NetworkSpec& spec,
                                       const PlanningProblem& problem) {
  std::set<std::uint32_t> used;
  for (const auto& row : problem.hops)
    for (const auto& hop : row) used.insert(hop.links.begin(), hop.links.end());
  std::vector<std::string> found;
  for (const auto link : used) {
    const auto& own = spec.links[link];
    if (own.segment && spec.segments[*own.segment].kind == SegmentKind::wifi) continue;
    if (changes(own)) found.push_back("link " + problem.links[link].name);
  }
  for (const auto& segment : spec.segments) found.push_back("medium " + segment.name);
  if (!spec.cross_traffic.empty()) found.emplace_back("cross traffic");
  if (adaptive(scenario)) found.emplace_back("bits of policy " + scenario.policy.quantization.kind);
  return found;
}

void reckon_links(const NetworkSpec& spec, const LinkReckoning& how, PlanningProblem& problem) {
  const auto links = reckoned(spec, how);
  const Routes routes(spec);
  problem.links.clear();
  for (std::size_t link = 0; link < spec.links.size(); ++link)
    problem.links.push_back({fmt::format("{} -> {}", spec.devices[spec.links[link].from.value],
                                         spec.devices[spec.links[link].to.value]),
                             links[link].bit_per_s});
  const Framing framing(spec.transport, spec.mtu);
  const Bytes feedback = framing.wire_size(message_size(Feedback{}));
  const auto all = static_cast<std::uint32_t>(problem.devices.size());
  const auto used = [&](std::uint32_t device) {
    return problem.devices[device].stage || problem.source == device || problem.sink == device;
  };
  problem.hops.assign(all, std::vector<PlanningHop>(all));
  for (std::uint32_t a = 0; a < all; ++a) {
    for (std::uint32_t b = 0; b < all; ++b) {
      if (a == b || !used(a) || !used(b)) continue;
      const auto there = routes.path({a}, {b}), back = routes.path({b}, {a});
      if (there.empty() || back.empty()) continue;
      PlanningHop hop = over(links, there, spec.mtu);
      const PlanningHop way_back = over(links, back, feedback);
      hop.feedback_s = way_back.bit_per_s > 0
                           ? way_back.latency_s + static_cast<double>(feedback.bits()) / way_back.bit_per_s
                           : 0;
      if (way_back.bit_per_s <= 0 || hop.bit_per_s <= 0) continue;
      // A message that is sent while a link is at its fastest waits for less than the mean rate says.
      const auto one_changes = [&](LinkId link) { return changes(spec.links[link.value]); };
      if (how.at_best && (std::ranges::any_of(there, one_changes) || std::ranges::any_of(back, one_changes)))
        hop.latency_s = hop.feedback_s = 0;
      for (const LinkId link : there) hop.links.push_back(link.value);
      problem.hops[a][b] = std::move(hop);
    }
  }
}

Result<void> reckon_bits(const Scenario& scenario, const NetworkSpec& spec, double bits,
                         PlanningProblem& problem) {
  auto coding = coding_of(scenario, spec, bits);
  if (!coding) return coding.error();
  problem.codings = {std::move(*coding)};
  return {};
}

Result<void> fill_memory(const Scenario& scenario, double bits, PlanningProblem& problem) {
  const ModelConfig& model = scenario.model.config;
  const auto images = static_cast<double>(images_of(scenario));
  const double tokens = model.tokens();
  problem.layers = model.sub_layers();
  problem.inbound_buffers = problem.outbound_buffers = scenario.run.window;
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    problem.weight_bytes.push_back(static_cast<double>(weight_bytes(model, {layer, layer}).count()));
    // Besides input and output: queries, keys, values and the attention scores.
    const double attention = 3 * tokens * model.width + model.heads * tokens * tokens;
    problem.working_bytes.push_back(layer % 4 == 1 ? images * attention * kFloatBytes : 0);
  }
  for (int cut = 0; cut <= model.sub_layers(); ++cut) {
    const auto waiting = encoded_bytes(scenario, cut, bits);
    if (!waiting) return waiting.error();
    problem.buffer_bytes.push_back(*waiting);
    problem.activation_bytes.push_back(static_cast<double>(values_at_cut(model, cut)) * images * kFloatBytes);
  }
  return {};
}

}  // namespace millrace
