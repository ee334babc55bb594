#include "sim/run/scenario_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/node/build_node.hpp"
#include "runtime/node/size_executor.hpp"
#include "runtime/policy/accuracy_table.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/wire/messages.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/network_check.hpp"
#include "sim/net/routes.hpp"
#include "sim/run/network_builder.hpp"
#include "sim/run/scenario_plan.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace millrace {

namespace {

constexpr double kFloatBytes = 4;

std::int64_t images_of(const Scenario& scenario) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(scenario.model.microbatch), scenario.workload.images));
}

// Of what crosses the cut, without a message's fields and packets' headers.
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

class Builder {
 public:
  explicit Builder(const Scenario& scenario)
      : scenario_(scenario), model_(scenario.model.config), images_(images_of(scenario)) {}

  Result<PlanningProblem> run() {
    problem_.model = model_.name;
    problem_.layers = model_.sub_layers();
    problem_.images = static_cast<int>(images_);
    problem_.window = scenario_.run.window;
    problem_.goal = planning_goal_of(scenario_.policy.partition);
    if (auto added = add_devices(); !added) return added.error();
    auto spec = build_network_spec(scenario_);
    if (!spec) return spec.error();
    if (auto sound = check_network(*spec); !sound)
      return Error{sound.error().message, ExitCode::invalid_input};
    if (auto added = add_codings(*spec); !added) return added.error();
    add_hops(*spec);
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

  Result<void> add_codings(const NetworkSpec& spec) {
    const auto& quantization = scenario_.policy.quantization;
    if (scenario_.policy.partition.kind != "joint") return add_coding(spec, quantization.bits);
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
      if (auto added = add_coding(spec, width.bits); !added) return added;
      problem_.codings.back().retained = std::move(width.retained);
      problem_.codings.back().possible = std::move(width.known);
    }
    return {};
  }

  Result<void> add_coding(const NetworkSpec& spec, double bits) {
    const Framing framing(spec.transport, spec.mtu);
    PlanningCoding coding{.bits_per_value = bits, .wire_bytes = {}};
    for (int cut = 0; cut <= model_.sub_layers(); ++cut) {
      const auto bytes = encoded_bytes(scenario_, cut, bits);
      if (!bytes) return bytes.error();
      const Bytes message =
          message_size(Activation{.microbatch = {},
                                  .first_image = 0,
                                  .images = 1,
                                  .created = {},
                                  .values = 0,
                                  .payload = {Bytes(static_cast<std::int64_t>(*bytes)), {}}});
      coding.wire_bytes.push_back(static_cast<double>(framing.wire_size(message).count()));
    }
    problem_.codings.push_back(std::move(coding));
    return {};
  }

  void add_hops(const NetworkSpec& spec) {
    const Framing framing(spec.transport, spec.mtu);
    const Routes routes(spec);
    for (const auto& link : spec.links)
      rates_.push_back(trace_statistics(link.rate).mean_mbit_per_s * 1e6 * (1 - link.loss.at(Time::zero())));
    for (std::size_t link = 0; link < spec.links.size(); ++link)
      problem_.links.push_back({fmt::format("{} -> {}", spec.devices[spec.links[link].from.value],
                                            spec.devices[spec.links[link].to.value]),
                                rates_[link]});
    const Bytes feedback = framing.wire_size(message_size(Feedback{}));
    const auto all = static_cast<std::uint32_t>(scenario_.devices.size());
    problem_.hops.assign(all, std::vector<PlanningHop>(all));
    for (std::uint32_t a = 0; a < all; ++a) {
      for (std::uint32_t b = 0; b < all; ++b) {
        if (a == b || !used(a) || !used(b)) continue;
        const auto there = routes.path({a}, {b}), back = routes.path({b}, {a});
        if (there.empty() || back.empty()) continue;
        PlanningHop hop = over(spec, there, Bytes(spec.mtu));
        const PlanningHop way_back = over(spec, back, feedback);
        hop.feedback_s = way_back.bit_per_s > 0
                             ? way_back.latency_s + static_cast<double>(feedback.bits()) / way_back.bit_per_s
                             : 0;
        if (way_back.bit_per_s <= 0 || hop.bit_per_s <= 0) continue;
        for (const LinkId link : there) hop.links.push_back(link.value);
        problem_.hops[a][b] = std::move(hop);
      }
    }
  }

  bool used(std::uint32_t device) const {
    return problem_.devices[device].stage || problem_.source == device || problem_.sink == device;
  }

  // As links are at the beginning: events are not foreseen. The slowest link sets the rate; every other one
  // adds its delay and one packet's time.
  PlanningHop over(const NetworkSpec& spec, const std::vector<LinkId>& links, Bytes packet) const {
    PlanningHop hop{.bit_per_s = rates_[links.front().value]};
    for (const LinkId link : links) hop.bit_per_s = std::min(hop.bit_per_s, rates_[link.value]);
    if (hop.bit_per_s <= 0) return {};
    hop.latency_s = -static_cast<double>(packet.bits()) / hop.bit_per_s;
    for (const LinkId link : links)
      hop.latency_s += spec.links[link.value].delay.at(Time::zero()).seconds() +
                       static_cast<double>(packet.bits()) / rates_[link.value];
    hop.latency_s = std::max(hop.latency_s, 0.0);
    return hop;
  }

  const Scenario& scenario_;
  const ModelConfig& model_;
  std::int64_t images_;
  PlanningProblem problem_;
  std::vector<double> rates_;  // of every link, bit/s, what loss leaves of it
};

}  // namespace

Result<PlanningProblem> planning_problem_of(const Scenario& scenario) { return Builder(scenario).run(); }

Result<void> fill_memory(const Scenario& scenario, double bits, PlanningProblem& problem) {
  const ModelConfig& model = scenario.model.config;
  const auto images = static_cast<double>(images_of(scenario));
  const double tokens = model.tokens();
  problem.layers = model.sub_layers();
  problem.inbound_buffers = problem.outbound_buffers = scenario.run.window;
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    problem.weight_bytes.push_back(static_cast<double>(weight_bytes(model, {layer, layer}).count()));
    // Beside input and output: queries, keys, values and the attention scores.
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
