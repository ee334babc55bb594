#include "sim/compare/compared_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/base/read_file.hpp"
#include "runtime/base/strict_json.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMaxFile = 64U << 20;

Error invalid(const std::filesystem::path& file, const std::string& finding) {
  return {file.string() + ": " + finding, ExitCode::invalid_input};
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code ignored;
  if (path.filename() == "summary.json" && !std::filesystem::exists(path, ignored))
    return invalid(path, "is not there: this run is under way, or was killed; run it again");
  auto text = read_file(path, kMaxFile);
  if (!text) return invalid(path, text.error().message + "; is this a run directory?");
  return text;
}

Result<Json> parse_object(const std::filesystem::path& path, const std::string& text) {
  auto json = strict_json<Json>(text);
  if (!json && json.error().message.starts_with("has the key")) return invalid(path, json.error().message);
  if (!json || !json->is_object()) return invalid(path, "is no whole JSON object");
  return json;
}

std::optional<double> number_at(const Json& json, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_number()) return std::nullopt;
  return json.at(place).get<double>();
}

// A run directory is untrusted: control characters in it must not reach the terminal.
std::string text_at(const Json& json, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_string()) return {};
  auto text = json.at(place).get<std::string>();
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::vector<StageShares> shares_of(const Json& summary) {
  std::vector<StageShares> stages;
  const auto duration = number_at(summary, "/duration_s");
  if (!summary.contains("stages") || !summary["stages"].is_array()) return stages;
  for (const Json& row : summary["stages"]) {
    StageShares stage{.device = text_at(row, "/device"), .share = {}};
    for (std::size_t i = 0; i < kAttributionNames.size(); ++i) {
      const auto seconds = number_at(row, fmt::format("/attribution_s/{}", kAttributionNames[i]));
      if (seconds && duration && *duration > 0) stage.share[i] = *seconds / *duration;
    }
    stages.push_back(std::move(stage));
  }
  return stages;
}

std::string policy_text(const PolicySection& policy) {
  const auto& quantization = policy.quantization;
  auto text = fmt::format("{} {}", quantization.kind, quantization.codec);
  if (quantization.kind == "fixed") {
    text += fmt::format(", {:g} bits", quantization.bits);
  } else {
    text += fmt::format(", {:g} images/s", quantization.target_images_per_s);
  }
  return text + "; " + policy.partition.kind;
}

std::string short_policy_text(const PolicySection::Quantization& quantization) {
  if (quantization.kind != "fixed") return quantization.kind + " " + quantization.codec;
  return fmt::format("{} {:g}", quantization.codec, quantization.bits);
}

std::vector<ComparedRun::Caveat> caveats_of(const Json& summary) {
  std::vector<ComparedRun::Caveat> caveats;
  if (!summary.contains("caveats") || !summary["caveats"].is_array()) return caveats;
  for (const Json& row : summary["caveats"]) caveats.push_back({text_at(row, "/id"), text_at(row, "/text")});
  return caveats;
}

// Sets the keys that say how to run an experiment to the same values for all runs.
void leave_out_the_way_it_is_run(Scenario& scenario) {
  scenario.run.mode = Mode::simulate;
  scenario.run.links = LinksKind::given;
  scenario.run.compute = RunSection{}.compute;
  scenario.run.timeout = RunSection{}.timeout;
  scenario.run.lateness_limit = RunSection{}.lateness_limit;
  scenario.run.link_interval = RunSection{}.link_interval;
  scenario.run.pcap.clear();
  scenario.network.kind.reset();
  scenario.expect.clear();
}

Result<void> add_experiment(const std::filesystem::path& file, const std::string& text, ComparedRun& run) {
  auto read =
      read_scenario_text(text, file.string(), ".", {.overrides = {}, .files = FileCheck::leave_as_written});
  if (!read.scenario) {
    return Error{
        read.problems.empty() ? file.string() + ": is not a scenario" : to_string(read.problems.front()),
        ExitCode::invalid_input};
  }
  auto& scenario = *read.scenario;
  run.scenario = scenario.name;
  run.policy = policy_text(scenario.policy);
  run.short_policy = short_policy_text(scenario.policy.quantization);
  leave_out_the_way_it_is_run(scenario);
  run.experiment = resolved_yaml(scenario);
  scenario.policy = {};
  scenario.name = {};  // variants of one problem may have different names
  run.problem = resolved_yaml(scenario);
  return {};
}

}  // namespace

Result<ComparedRun> read_compared_run(const std::string& directory) {
  const std::filesystem::path folder(directory);
  auto manifest = read_text(folder / "manifest.json");
  if (!manifest) return manifest.error();
  auto summary = read_text(folder / "summary.json");
  if (!summary) return summary.error();
  auto scenario = read_text(folder / "scenario.resolved.yaml");
  if (!scenario) return scenario.error();
  return parse_compared_run(directory, {std::move(*manifest), std::move(*summary), std::move(*scenario)});
}

Result<ComparedRun> parse_compared_run(const std::string& directory, const RunTexts& texts) {
  const std::filesystem::path folder(directory);
  const auto manifest = parse_object(folder / "manifest.json", texts.manifest);
  if (!manifest) return manifest.error();
  const auto summary = parse_object(folder / "summary.json", texts.summary);
  if (!summary) return summary.error();
  ComparedRun run;
  run.directory = directory;
  run.mode = text_at(*manifest, "/mode");
  run.network = text_at(*manifest, "/network/kind");
  if (run.mode.empty() || run.network.empty())
    return invalid(folder / "manifest.json", "does not say mode and network");
  if (auto added = add_experiment(folder / "scenario.resolved.yaml", texts.scenario, run); !added)
    return added.error();
  if (!summary->contains("complete") || !(*summary)["complete"].is_boolean())
    return invalid(folder / "summary.json", "does not say \"complete\"");
  run.complete = (*summary)["complete"].get<bool>();
  run.compute = text_at(*summary, "/compute");
  run.link_conditions = text_at(*summary, "/link_conditions");
  run.caveats = caveats_of(*summary);
  run.throughput_images_per_s = number_at(*summary, "/throughput_images_per_s");
  run.p50_ms = number_at(*summary, "/latency_ms/p50");
  run.p95_ms = number_at(*summary, "/latency_ms/p95");
  run.p99_ms = number_at(*summary, "/latency_ms/p99");
  run.bits_per_value = number_at(*summary, "/policy/bits_per_value_mean");
  run.top1 = number_at(*summary, "/accuracy/top1");
  run.stages = shares_of(*summary);
  return run;
}

}  // namespace millrace
