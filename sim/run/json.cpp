#include "sim/run/json.hpp"

#include <nlohmann/json.hpp>

#include "sim/run/run_directory.hpp"

namespace millrace {

namespace {

using Json = nlohmann::ordered_json;

// Whatever bytes an error or a path holds, the file is UTF-8.
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

double goodput_mbit_per_s(const LinkFigures& link, const Summary& summary) {
  const double seconds = summary.duration().seconds();
  return seconds > 0 ? static_cast<double>(link.bytes.bits()) * 1e-6 / seconds : 0;
}

Json links_json(const Scenario& scenario, const Summary& summary) {
  Json rows = Json::array();
  for (const auto& [pair, link] : summary.links()) {
    const auto bits = link.bits_per_value();
    rows.push_back({{"from", name_of(scenario, pair.first)},
                    {"to", name_of(scenario, pair.second)},
                    {"bytes", link.bytes.count()},
                    {"goodput_mbit_per_s", goodput_mbit_per_s(link, summary)},
                    {"bits_per_value_mean", bits ? Json(*bits) : Json(nullptr)},
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
  if (!top1) return nullptr;
  const auto interval = [](const Proportion& of) {
    const auto [low, high] = of.interval_95();
    return Json::array({low, high});
  };
  return {{"top1_correct", top1->hits},          {"count", top1->count},       {"top1", top1->share()},
          {"top1_interval_95", interval(*top1)}, {"top5_correct", top5->hits}, {"top5", top5->share()},
          {"top5_interval_95", interval(*top5)}};
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
  const double seconds = summary.duration().seconds();
  return {{"lateness_limit_ms", emulation.limit.milliseconds()},
          {"lateness_ms", lateness},
          {"network_busy_share", seconds > 0 ? emulation.network_busy.seconds() / seconds : 0}};
}

}  // namespace

std::string mode_name(Mode mode) {
  switch (mode) {
    case Mode::simulate:
      return "simulate";
    case Mode::cosim:
      return "cosim";
    case Mode::emulate:
      return "emulate";
    case Mode::deploy:
      return "deploy";
  }
  return "unknown";
}

std::string manifest_json(const Scenario& scenario, const RunFacts& facts, const HostFacts& host) {
  Json devices = Json::array();
  for (const auto& device : scenario.devices) devices.push_back(device.name);
  Json inputs = Json::array();
  for (const auto& [path, sha256] : facts.inputs) inputs.push_back({{"file", path}, {"sha256", sha256}});
  Json binaries = Json::object();
  for (const auto& [name, sha256] : facts.binaries) binaries[name] = sha256;
  const bool deployed = facts.mode == Mode::deploy;
  const bool tcp = deployed || scenario.network.transport == TransportKind::tcp;
  const Json manifest = {
      {"millrace", facts.release},
      {"scenario",
       {{"name", scenario.name}, {"sha256", facts.scenario_sha256}, {"file", facts.scenario_path}}},
      {"mode", mode_name(facts.mode)},
      {"seed", scenario.run.seed},
      {"network", {{"kind", facts.network}, {"transport", tcp ? "tcp" : "raw"}}},
      {"model", {{"name", scenario.model.config.name}, {"weights", scenario.model.weights}}},
      {"inputs", inputs},
      {"binaries", binaries},
      {"devices", devices},
      {"command", facts.command},
      {"host", {{"name", host.name}, {"system", host.system}}},
      {"started_utc", host.time_utc}};
  return text_of(manifest);
}

std::string summary_json(const Scenario& scenario, const Plan& plan, const Summary& summary,
                         const std::optional<Error>& failure) {
  const auto latency = [&](double share) {
    const auto value = summary.latency(share);
    return value ? Json(value->milliseconds()) : Json(nullptr);
  };
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };

  Json root = {{"complete", !failure},
               {"throughput_images_per_s", summary.throughput_images_per_s()},
               {"duration_s", summary.duration().seconds()},
               {"latency_ms", {{"p50", latency(0.50)}, {"p95", latency(0.95)}, {"p99", latency(0.99)}}},
               {"microbatches", summary.microbatches()},
               {"images", summary.images()},
               {"accuracy", accuracy_json(summary)},
               {"policy",
                {{"target_images_per_s", number(summary.target_images_per_s())},
                 {"share_meeting_target", number(summary.share_meeting_target())},
                 {"bits_per_value_mean", number(summary.bits_per_value_mean())}}},
               {"stages", stages_json(scenario, plan, summary)},
               {"links", links_json(scenario, summary)}};
  if (const auto& emulation = summary.emulation()) root["emulation"] = emulation_json(*emulation, summary);
  if (failure) root["error"] = failure->message;
  return text_of(root);
}

std::string wall_json(const WallFacts& wall, const Summary& summary) {
  const double scenario_s = summary.duration().seconds();
  const Json root = {{"finished_utc", wall.finished_utc},
                     {"wall_s", wall.setup_s + wall.run_s},
                     {"setup_s", wall.setup_s},
                     {"run_s", wall.run_s},
                     {"scenario_s_per_run_s", wall.run_s > 0 ? scenario_s / wall.run_s : 0}};
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

std::string summary_table(const Scenario& scenario, const Plan& plan, const Summary& summary) {
  const auto ms = [&](double share) {
    const auto value = summary.latency(share);
    return value ? fmt::format("{:.1f}", value->milliseconds()) : std::string("-");
  };
  std::string text = fmt::format(
      "\n{} images in {:.3f} s: {:.3f} images/s; latency p50 {} ms, p95 {} ms, p99 {} ms\n", summary.images(),
      summary.duration().seconds(), summary.throughput_images_per_s(), ms(0.50), ms(0.95), ms(0.99));
  if (const auto top1 = summary.top1()) {
    const auto [low, high] = top1->interval_95();
    text += fmt::format(
        "top-1 accuracy: {} of {} ({:.2f} %, 95 % interval {:.2f} to {:.2f}), top-5 {:.2f} %\n", top1->hits,
        top1->count, 100 * top1->share(), 100 * low, 100 * high, 100 * summary.top5()->share());
  }
  if (const auto share = summary.share_meeting_target()) {
    text +=
        fmt::format("{:.1f} % of the microbatches met the target of {:g} images/s, with {:.2f} bits/value\n",
                    100 * *share, *summary.target_images_per_s(), summary.bits_per_value_mean().value_or(0));
  }
  if (const auto& emulation = summary.emulation()) {
    text += "on the wall clock, late by at most (limit " +
            fmt::format("{:g} ms):", emulation->limit.milliseconds());
    for (const auto& kind : emulation->kinds)
      if (kind.max) text += fmt::format(" {} {:.3f} ms", kind.name, kind.max->milliseconds());
    text += "\n";
  }
  text += fmt::format(
      "\nwhere the stages' time went, share of the run\n{:<5} {:<16} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}\n",
      "stage", "device", "layers", "compute", "decode", "encode", "blocked", "idle");
  const double whole = std::max(summary.duration().seconds(), 1e-9);
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const auto& stage = plan.stages[i];
    const auto& figures = summary.stage(i);
    const auto share = [&](Duration part) { return fmt::format("{:.1f} %", 100 * part.seconds() / whole); };
    text += fmt::format(
        "{:<5} {:<16} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}\n", i + 1, name_of(scenario, stage.device),
        fmt::format("{}..{}", stage.layers.first, stage.layers.last), share(figures.compute),
        share(figures.decode), share(figures.encode), share(figures.blocked), share(figures.idle));
  }
  text += fmt::format("\n{:<33} {:>12} {:>14} {:>12}\n", "link", "MB", "goodput Mbit/s", "bits/value");
  for (const auto& [pair, link] : summary.links()) {
    const auto bits = link.bits_per_value();
    text +=
        fmt::format("{:<33} {:>12.3f} {:>14.3f} {:>12}\n",
                    fmt::format("{} -> {}", name_of(scenario, pair.first), name_of(scenario, pair.second)),
                    static_cast<double>(link.bytes.count()) * 1e-6, goodput_mbit_per_s(link, summary),
                    bits ? fmt::format("{:.2f}", *bits) : std::string("-"));
  }
  return text;
}

}  // namespace millrace
