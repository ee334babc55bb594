#include "sim/run/json.hpp"

#include <fmt/format.h>
#include <array>
#include <nlohmann/json.hpp>

#include "runtime/base/figure_text.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/run/run_checks.hpp"

namespace millrace {

namespace {

using Json = nlohmann::ordered_json;

// The file is valid UTF-8, whatever bytes an error or a path has.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

const std::string& name_of(const Scenario& scenario, DeviceId device) {
  return scenario.devices.at(device.value).name;
}

Json stages_json(const Scenario& scenario, const Plan& plan, const Summary& summary) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const auto& stage = plan.stages[i];
    const auto& figures = summary.stage(i);
    rows.push_back({{"device", name_of(scenario, stage.device)},
                    {"layers", {stage.layers.first, stage.layers.last}},
                    {"attribution_s",
                     {{"compute", figures.compute.seconds()},
                      {"encode", figures.encode.seconds()},
                      {"decode", figures.decode.seconds()},
                      {"queue", figures.queue.seconds()},
                      {"blocked", figures.blocked.seconds()},
                      {"idle", figures.idle.seconds()}}}});
  }
  return rows;
}

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// Nothing if no time passed: the rate is then unknown, not 0.
std::optional<double> over(double amount, double seconds) {
  return seconds > 0 ? std::optional(amount / seconds) : std::nullopt;
}

std::optional<double> goodput_mbit_per_s(const LinkFigures& link, const Summary& summary) {
  return over(static_cast<double>(link.bytes.bits()) * 1e-6, summary.duration().seconds());
}

Json links_json(const Scenario& scenario, const Summary& summary) {
  Json rows = Json::array();
  for (const auto& [pair, link] : summary.links()) {
    const auto bits = link.bits_per_value();
    rows.push_back({{"from", name_of(scenario, pair.first)},
                    {"to", name_of(scenario, pair.second)},
                    {"bytes", link.bytes.count()},
                    {"goodput_mbit_per_s", number(goodput_mbit_per_s(link, summary))},
                    {"bits_per_value_mean", number(bits)},
                    {"transfers", link.transfers},
                    {"attribution_s",
                     {{"queue", link.queued.seconds()},
                      {"wire", link.wire.seconds()},
                      {"propagation", link.propagation.seconds()}}}});
  }
  return rows;
}

Json accuracy_json(const Summary& summary) {
  const auto top1 = summary.top1(), top5 = summary.top5();
  if (!top1 && summary.not_finite() == 0) return nullptr;
  if (!top1)
    return {{"top1_correct", nullptr},
            {"count", 0},
            {"top1", nullptr},
            {"top1_interval_95", nullptr},
            {"top5_correct", nullptr},
            {"top5", nullptr},
            {"top5_interval_95", nullptr},
            {"not_finite", summary.not_finite()}};
  const auto interval = [](const Proportion& of) {
    const auto [low, high] = of.interval_95();
    return Json::array({low, high});
  };
  return {{"top1_correct", top1->hits},
          {"count", top1->count},
          {"top1", top1->share()},
          {"top1_interval_95", interval(*top1)},
          {"top5_correct", top5->hits},
          {"top5", top5->share()},
          {"top5_interval_95", interval(*top5)},
          {"not_finite", summary.not_finite()}};
}

// The number of microbatches judged for the share that met the target; null without a target.
Json target_n(const Summary& summary) {
  return summary.target_images_per_s() ? Json(summary.target().judged()) : Json(nullptr);
}

Json target_interval(const Summary& summary) {
  if (!summary.target().share()) return nullptr;
  const auto [low, high] = summary.target().interval_95();
  return Json::array({low, high});
}

// The table's line about the target; empty without a target.
std::string target_line(const Summary& summary) {
  const auto target = summary.target_images_per_s();
  if (!target) return {};
  const std::string of = fmt::format("target of {:g} images/s: ", *target);
  const auto share = summary.target().share();
  if (!share)
    return of + fmt::format("not judged: the first {} microbatches are the stock, and no more came\n",
                            TargetShare::kFree);
  const auto [low, high] = summary.target().interval_95();
  const auto bits = summary.bits_per_value_mean();
  return of +
         fmt::format(
             "{} % of what it asks for came in time ({} microbatches judged, 95 % interval {} to {} %{}){}\n",
             figure_text(100 * *share, 1), summary.target().judged(), figure_text(100 * low, 1),
             figure_text(100 * high, 1), summary.target().tells() ? "" : ": too few to tell",
             bits ? fmt::format(", with {} bits/value", figure_text(*bits, 2)) : std::string());
}

Json emulation_json(const EmulationFigures& emulation, const Summary& summary) {
  const auto ms = [](const std::optional<Duration>& value) {
    return value ? Json(value->milliseconds()) : Json(nullptr);
  };
  Json lateness = Json::object();
  for (const auto& kind : emulation.kinds)
    lateness[kind.name] = {{"count", kind.count},
                           {"p50", ms(kind.p50)},
                           {"p95", ms(kind.p95)},
                           {"p99", ms(kind.p99)},
                           {"max", ms(kind.max)}};
  return {
      {"lateness_limit_ms", emulation.limit.milliseconds()},
      {"lateness_ms", lateness},
      {"network_busy_share", number(over(emulation.network_busy.seconds(), summary.duration().seconds()))}};
}

Json caveats_json(const std::vector<Caveat>& caveats) {
  Json rows = Json::array();
  for (const auto& [id, text] : caveats) rows.push_back({{"id", id}, {"text", text}});
  return rows;
}

// Caveats of the run's end come first: that the run is incomplete matters most.
std::vector<Caveat> all_caveats(const RunConditions& conditions, const RunEnd& run) {
  auto caveats = caveats_at_end(run);
  caveats.insert(caveats.end(), conditions.caveats.begin(), conditions.caveats.end());
  return caveats;
}

std::string_view words_of(ComputeIs compute) {
  constexpr std::array<std::string_view, 3> kWords{"compute taken from speeds and profiles",
                                                   "compute measured", "compute imitated"};
  return kWords.at(static_cast<std::size_t>(compute));
}

std::string words_of(LinksAre links, const Scenario& scenario) {
  switch (links) {
    case LinksAre::simulated:
      return fmt::format("links simulated ({}{})", network_name(scenario),
                         scenario.run.mode == Mode::emulate ? " in real time" : "");
    case LinksAre::shaped:
      return "links real and shaped (netns)";
    case LinksAre::given:
      return "links as they are";
    case LinksAre::not_applied:
      return "links not applied";
  }
  return {};
}

std::string headline(const RunConditions& conditions, const RunEnd& run) {
  const auto& summary = run.summary;
  const auto caveats = all_caveats(conditions, run);
  std::string text = "\n";
  for (const auto& caveat : caveats)
    if (caveat.id == kIncomplete) text += fmt::format("INCOMPLETE: {}\n", caveat.text);
  const bool virtual_time = run.scenario.run.mode == Mode::simulate || run.scenario.run.mode == Mode::cosim;
  const auto ms = [&](double share) {
    const auto value = summary.latency(share);
    return value ? figure_text(value->milliseconds(), 1) : std::string("-");
  };
  if (summary.microbatches() > 0) {
    text += fmt::format("{} image{} in {} s{}: {} images/s; latency p50 {} ms, p95 {} ms, p99 {} ms\n",
                        summary.images(), summary.images() == 1 ? "" : "s",
                        figure_text(summary.duration().seconds(), 3), virtual_time ? " of virtual time" : "",
                        figure_text(summary.throughput_images_per_s(), 3), ms(0.50), ms(0.95), ms(0.99));
  }
  text += fmt::format("mode {}: {}, {}\n", name_of(run.scenario.run.mode), words_of(conditions.compute),
                      words_of(conditions.links, run.scenario));
  for (const auto& caveat : caveats)
    if (caveat.id != kIncomplete) text += fmt::format("- {}\n", caveat.text);
  return text;
}

std::string stages_table(const RunEnd& run) {
  auto text = fmt::format(
      "\nwhere the stages' time went, share of the run\n{:<5} {:<16} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}\n",
      "stage", "device", "layers", "compute", "decode", "encode", "blocked", "idle");
  const double whole = std::max(run.summary.duration().seconds(), 1e-9);
  for (std::size_t i = 0; i < run.plan.stages.size(); ++i) {
    const auto& stage = run.plan.stages[i];
    const auto& figures = run.summary.stage(i);
    const auto share = [&](Duration part) { return figure_text(100 * part.seconds() / whole, 1) + " %"; };
    text += fmt::format(
        "{:<5} {:<16} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}\n", i + 1, name_of(run.scenario, stage.device),
        fmt::format("{}..{}", stage.layers.first, stage.layers.last), share(figures.compute),
        share(figures.decode), share(figures.encode), share(figures.blocked), share(figures.idle));
  }
  return text;
}

std::string links_table(const RunEnd& run) {
  auto text = fmt::format("\n{:<33} {:>12} {:>14} {:>12}\n", "link", "sent", "goodput Mbit/s", "bits/value");
  for (const auto& [pair, link] : run.summary.links()) {
    const auto bits = link.bits_per_value();
    const auto goodput = goodput_mbit_per_s(link, run.summary);
    text += fmt::format(
        "{:<33} {:>12} {:>14} {:>12}\n",
        fmt::format("{} -> {}", name_of(run.scenario, pair.first), name_of(run.scenario, pair.second)),
        bytes_text(static_cast<double>(link.bytes.count())),
        goodput ? figure_text(*goodput, 3) : std::string("-"),
        bits ? figure_text(*bits, 2) : std::string("-"));
  }
  return text;
}

}  // namespace

std::string manifest_json(const Scenario& scenario, const RunFacts& facts, const HostFacts& host) {
  Json devices = Json::array();
  for (const auto& device : scenario.devices) devices.push_back(device.name);
  Json inputs = Json::array();
  for (const auto& [path, sha256] : facts.inputs) inputs.push_back({{"file", path}, {"sha256", sha256}});
  Json binaries = Json::object();
  for (const auto& [name, sha256] : facts.binaries) binaries[name] = sha256;
  const bool deployed = facts.mode == Mode::deploy;
  const bool tcp = deployed || scenario.network.transport == Transport::tcp;
  const Json manifest = {
      {"millrace", facts.release},
      {"scenario",
       {{"name", scenario.name}, {"sha256", facts.scenario_sha256}, {"file", facts.scenario_path}}},
      {"mode", name_of(facts.mode)},
      {"seed", scenario.run.seed},
      {"network", {{"kind", facts.network}, {"transport", tcp ? "tcp" : "raw"}}},
      {"model", {{"name", scenario.model.config.name}, {"weights", scenario.model.weights}}},
      {"compute", name_of(facts.conditions.compute)},
      {"link_conditions", name_of(facts.conditions.links)},
      {"caveats", caveats_json(facts.conditions.caveats)},
      {"inputs", inputs},
      {"binaries", binaries},
      {"devices", devices},
      {"command", facts.command},
      {"host", {{"name", host.name}, {"system", host.system}}},
      {"started_utc", host.time_utc}};
  return text_of(manifest);
}

std::string summary_json(const RunConditions& conditions, const RunEnd& run) {
  const auto& [scenario, plan, summary, failure] = run;
  const auto latency = [&summary = run.summary](double share) {
    const auto value = summary.latency(share);
    return value ? Json(value->milliseconds()) : Json(nullptr);
  };

  Json root = {{"complete", !failure},
               {"compute", name_of(conditions.compute)},
               {"link_conditions", name_of(conditions.links)},
               {"caveats", caveats_json(all_caveats(conditions, run))},
               {"throughput_images_per_s",
                number(over(static_cast<double>(summary.images()), summary.duration().seconds()))},
               {"duration_s", summary.duration().seconds()},
               {"latency_ms", {{"p50", latency(0.50)}, {"p95", latency(0.95)}, {"p99", latency(0.99)}}},
               {"microbatches", summary.microbatches()},
               {"images", summary.images()},
               {"accuracy", accuracy_json(summary)},
               {"policy",
                {{"target_images_per_s", number(summary.target_images_per_s())},
                 {"share_meeting_target", number(summary.target().share())},
                 {"share_meeting_target_n", target_n(summary)},
                 {"share_meeting_target_interval_95", target_interval(summary)},
                 {"bits_per_value_mean", number(summary.bits_per_value_mean())}}},
               {"stages", stages_json(scenario, plan, summary)},
               {"links", links_json(scenario, summary)}};
  if (const auto& emulation = summary.emulation()) root["emulation"] = emulation_json(*emulation, summary);
  if (failure) root["error"] = failure->message;
  return text_of(root);
}

std::string wall_json(const WallFacts& wall, const Summary& summary) {
  const double scenario_s = summary.duration().seconds();
  Json root = {{"finished_utc", wall.finished_utc},
               {"wall_s", wall.setup_s + wall.run_s},
               {"setup_s", wall.setup_s},
               {"run_s", wall.run_s},
               {"scenario_s_per_run_s", number(over(scenario_s, wall.run_s))}};
  if (wall.links.count() > 0)
    root["links_lateness_ms"] = {{"count", wall.links.count()},
                                 {"p50", wall.links.percentile(0.50).milliseconds()},
                                 {"p99", wall.links.percentile(0.99).milliseconds()},
                                 {"max", wall.links.max().milliseconds()}};
  return text_of(root);
}

std::string plan_yaml(const Scenario& scenario, const Plan& plan) {
  std::string text = fmt::format("source: {}\nstages:\n", name_of(scenario, plan.source));
  for (const auto& stage : plan.stages) {
    text += fmt::format("  - {{device: {}, layers: [{}, {}]{}}}\n", name_of(scenario, stage.device),
                        stage.layers.first, stage.layers.last,
                        stage.bits ? fmt::format(", bits: {}", *stage.bits) : std::string());
  }
  return text + fmt::format("sink: {}\n", name_of(scenario, plan.sink));
}

std::string summary_table(const RunConditions& conditions, const RunEnd& run) {
  const auto& summary = run.summary;
  auto text = headline(conditions, run);
  if (run.failure && summary.microbatches() == 0) return text;
  if (const auto top1 = summary.top1()) {
    const auto [low, high] = top1->interval_95();
    text += fmt::format(
        "top-1 accuracy: {} of {} ({:.2f} %, 95 % interval {:.2f} to {:.2f}), top-5 {:.2f} %\n", top1->hits,
        top1->count, 100 * top1->share(), 100 * low, 100 * high, 100 * summary.top5()->share());
  }
  text += target_line(summary);
  if (const auto& emulation = summary.emulation()) {
    text += "on the wall clock, late by at most (limit " +
            fmt::format("{:g} ms):", emulation->limit.milliseconds());
    for (const auto& kind : emulation->kinds)
      if (kind.max) text += fmt::format(" {} {} ms", kind.name, figure_text(kind.max->milliseconds(), 3));
    text += "\n";
  }
  return text + stages_table(run) + links_table(run);
}

}  // namespace millrace
