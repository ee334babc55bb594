#include "sim/sweep/finished_run.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/base/read_file.hpp"
#include "runtime/base/strict_json.hpp"
#include "sim/sweep/cell_key.hpp"
#include "sim/sweep/command.hpp"

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMaxFile = 64U << 20;

Result<std::string> read_small(const std::filesystem::path& path) {
  auto text = read_file(path, kMaxFile);
  if (!text) return text.error().in(path.string());
  return text;
}

std::string text_at(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                           : std::string();
}

struct Manifest {
  NamedHashes inputs, binaries;
  std::string command;
};

Result<Manifest> parse_manifest(const std::string& text) {
  const Error foreign{"is not the manifest of a run of this release"};
  const auto read = strict_json<Json>(text);
  if (!read) return read.error().message.starts_with("has the key") ? read.error() : foreign;
  const Json& json = *read;
  if (!json.is_object()) return foreign;
  for (const char* name : {"inputs", "binaries", "command"}) {
    if (!json.contains(name)) return foreign;
  }
  Manifest manifest;
  manifest.inputs.reserve(json["inputs"].size());
  manifest.binaries.reserve(json["binaries"].size());
  for (const Json& input : json["inputs"])
    manifest.inputs.emplace_back(text_at(input, "file"), text_at(input, "sha256"));
  for (const auto& [name, hash] : json["binaries"].items())
    manifest.binaries.emplace_back(name, hash.is_string() ? hash.get<std::string>() : "");
  std::vector<std::string> words;
  words.reserve(json["command"].size());
  for (const Json& word : json["command"]) words.push_back(word.is_string() ? word.get<std::string>() : "");
  manifest.command = shell_command(words);
  return manifest;
}

}  // namespace

Result<FinishedRun> read_finished_run(const std::string& directory) {
  const std::filesystem::path folder(directory);
  auto manifest = read_small(folder / "manifest.json");
  if (!manifest) return manifest.error();
  auto scenario = read_small(folder / "scenario.resolved.yaml");
  if (!scenario) return scenario.error();
  auto summary = read_small(folder / "summary.json");
  if (!summary) return summary.error();
  auto wall = read_small(folder / "wall.json");
  return parse_finished_run(directory, {std::move(*manifest), std::move(*scenario), std::move(*summary),
                                        wall ? std::move(*wall) : std::string()});
}

Result<FinishedRun> parse_finished_run(const std::string& directory, const FinishedTexts& texts) {
  const auto invalid = [&](const char* file, const std::string& finding) {
    return Error{(std::filesystem::path(directory) / file).string() + ": " + finding,
                 ExitCode::invalid_input};
  };
  const auto manifest = parse_manifest(texts.manifest);
  if (!manifest) return invalid("manifest.json", manifest.error().message);
  auto summary = parse_summary(texts.summary);
  if (!summary) return invalid("summary.json", summary.error().message);
  FinishedRun run{directory,           cell_key(texts.scenario, manifest->inputs, manifest->binaries),
                  std::move(*summary), "",
                  manifest->command,   std::nullopt};
  // wall.json only says how long the run took, and is missing after a crash.
  const auto read_wall = strict_json<Json>(texts.wall);
  const Json wall = read_wall ? *read_wall : Json();
  run.finished_utc = text_at(wall, "finished_utc");
  if (wall.is_object() && wall.contains("wall_s") && wall["wall_s"].is_number())
    run.wall_s = wall["wall_s"].get<double>();
  return run;
}

}  // namespace millrace
