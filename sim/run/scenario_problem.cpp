#include "sim/run/scenario_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/node/build_node.hpp"
#include "runtime/node/size_executor.hpp"
#include "runtime/policy/accuracy_table.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/wire/messages.hpp"
#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/network_check.hpp"
#include "sim/net/routes.hpp"
#include "sim/run/network_builder.hpp"
#include "sim/run/planning_request.hpp"
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

// A link as one rate and one delay.
struct ReckonedLink {
  double bit_per_s = 0, delay_s = 0;
};

constexpr int kSamples = 64;  // of a delay, over a span

// The most that cumulative(T)/T can be for any T from `least` on: at its steps, for a round of it, or as it
// goes on for ever.
double highest_mean(const RateTrace& trace, Duration least) {
  const auto mean = [&](Duration until) {
    return static_cast<double>(trace.cumulative(Time::zero() + until)) * 1e-9 / until.seconds();
  };
  const auto last = static_cast<double>(trace.rate_at(Time::zero() + trace.duration()).bit_per_s());
  double most = trace.at_end() == TraceEnd::hold ? last : 0;
  if (trace.at_end() == TraceEnd::loop) {
    const auto round =
        static_cast<double>(trace.total() - trace.cumulative(Time::zero() + trace.loop_from()));
    most = round * 1e-9 / (trace.duration() - trace.loop_from()).seconds();
  }
  Duration at = least;
  if (at > Duration{}) {
    most = std::max(most, mean(at));
  } else {
    most = std::max(most, static_cast<double>(trace.rate_at(Time::zero()).bit_per_s()));
  }
  const Duration end = least + trace.duration();
  while (at < end) {
    const Duration phase = trace.phase(Time::zero() + at);
    if (phase >= trace.duration()) break;  // and what comes then is reckoned above
    at = at + (trace.next_step(phase) - phase);
    most = std::max(most, mean(at));
  }
  return most;
}

template <class Value>
Value least_of(const Scheduled<Value>& scheduled) {
  Value least = scheduled.steps().front().second;
  for (const auto& step : scheduled.steps()) least = std::min(least, step.second);
  if (const auto* series = scheduled.series())
    for (const auto& step : series->values) least = std::min(least, step.second);
  return least;
}

// Links that replay one trace alike share the answer: a trace may have millions of steps.
using HighestMeans = std::map<const RateTrace*, double>;

ReckonedLink at_best(const LinkSpec& link, Duration least, HighestMeans& known) {
  const auto trace = rate_trace_of(link.rate);
  const auto shared = std::holds_alternative<BitRate>(link.rate) ? nullptr : trace.get();
  const auto found = shared != nullptr ? known.find(shared) : known.end();
  const double most = found != known.end() ? found->second : highest_mean(*trace, least);
  if (shared != nullptr) known[shared] = most;
  const double loss =
      link.loss_model ? std::min(link.loss_model->mean_loss(), least_of(link.loss)) : least_of(link.loss);
  return {most * (1 - loss), least_of(link.delay).seconds()};
}

// By the time that each value holds. Of a loss that changes more often the rest counts as what came before.
double mean_loss(const LinkSpec& link, Time from, Time until) {
  constexpr int kMostChanges = 100'000;
  double lost_s = 0;
  Time at = from;
  for (int changes = 0; at < until && changes < kMostChanges; ++changes) {
    const Time next = std::min(until, loss_changes_after(link.loss, link.loss_model, at));
    lost_s += loss_at(link.loss, link.loss_model, at) * (next - at).seconds();
    at = next;
  }
  return lost_s / (at - from).seconds();
}

double mean_delay_s(const LinkSpec& link, Time from, Time until) {
  if (link.delay.constant()) return link.delay.at(from).seconds();
  const double span_s = (until - from).seconds();
  double delay_s = 0;
  for (int i = 0; i < kSamples; ++i) {
    const Time at = from + Duration::from_seconds(span_s * (i + 0.5) / kSamples);
    delay_s += link.delay.at(at).seconds() / kSamples;
  }
  return delay_s;
}

ReckonedLink over_a_span(const LinkSpec& link, Time from, Time until) {
  const auto trace = rate_trace_of(link.rate);
  const double offered = static_cast<double>(trace->cumulative(until) - trace->cumulative(from)) * 1e-9;
  return {offered / (until - from).seconds() * (1 - mean_loss(link, from, until)),
          mean_delay_s(link, from, until)};
}

// The end of what counts as the whole of it: one round of its series, and a second of what its last event
// leaves behind, as with the rates of with_events().
template <class Value>
Time whole(const Scheduled<Value>& scheduled) {
  constexpr Duration kOfTheRest = Duration::s(1);
  if (scheduled.steps().size() > 1) return scheduled.steps().back().first + kOfTheRest;
  const auto* series = scheduled.series();
  if (series == nullptr) return Time::zero() + kOfTheRest;
  if (series->loops) return Time::zero() + series->end;
  return Time::zero() + (series->offset < series->end ? series->end - series->offset : kOfTheRest);
}

ReckonedLink as_a_rule(const LinkSpec& link) {
  const double lost = link.loss.constant() ? loss_at(link.loss, link.loss_model, Time::zero())
                                           : mean_loss(link, Time::zero(), whole(link.loss));
  return {trace_statistics(link.rate).mean_mbit_per_s * 1e6 * (1 - lost),
          mean_delay_s(link, Time::zero(), whole(link.delay))};
}

std::vector<ReckonedLink> reckoned(const NetworkSpec& spec, const LinkReckoning& how) {
  std::vector<ReckonedLink> links;
  HighestMeans highest;
  for (const auto& link : spec.links) {
    const bool steady = !changes(link);
    if (how.at_best && !steady) {
      links.push_back(at_best(link, *how.at_best, highest));
    } else if (how.span && !steady) {
      links.push_back(over_a_span(link, how.span->first, how.span->second));
    } else {
      links.push_back(as_a_rule(link));
    }
    if (!steady) links.back().bit_per_s *= how.scale;
  }
  return links;
}

// The slowest link sets the rate; every other one adds its delay and one packet's time.
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

bool changes(const LinkSpec& link) {
  if (!link.delay.constant() || !link.loss.constant() || link.loss_model) return true;
  if (link.loss.at(Time::zero()) > 0) return true;
  if (std::holds_alternative<BitRate>(link.rate)) return false;
  const auto trace = rate_trace_of(link.rate);
  return trace->size() > 1 || (trace->at_end() == TraceEnd::once);
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
      // What is sent while a link is at its fastest waits for less than its mean says.
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
