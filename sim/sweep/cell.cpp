#include "sim/sweep/cell.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace millrace {
namespace {

using Settings = std::vector<SweptValue>;

// Each of `cells` followed by each of `choices`.
std::vector<Settings> product(const std::vector<Settings>& cells, const std::vector<Settings>& choices) {
  if (choices.empty()) return cells;
  std::vector<Settings> result;
  result.reserve(cells.size() * choices.size());
  for (const Settings& cell : cells) {
    for (const Settings& choice : choices) {
      result.push_back(cell);
      result.back().insert(result.back().end(), choice.begin(), choice.end());
    }
  }
  return result;
}

std::vector<Settings> steps_of(const std::vector<SweptKey>& zip) {
  std::vector<Settings> steps;
  for (std::size_t i = 0; !zip.empty() && i < zip.front().values.size(); ++i) {
    Settings step;
    step.reserve(zip.size());
    for (const SweptKey& swept : zip) step.push_back(swept.values.at(i));
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<Settings> combinations(const SweepSection& sweep) {
  std::vector<Settings> cells = product({{}}, steps_of(sweep.zip));
  for (const SweptKey& swept : sweep.grid) {
    std::vector<Settings> choices;
    choices.reserve(swept.values.size());
    for (const SweptValue& value : swept.values) choices.push_back({value});
    cells = product(cells, choices);
  }
  return cells;
}

}  // namespace

std::vector<std::string> Cell::overrides() const {
  std::vector<std::string> texts;
  texts.reserve(settings.size() + 1);
  for (const SweptValue& setting : settings) texts.push_back(setting.override_text);
  if (replicated) texts.push_back(fmt::format("run.seed={}", seed));
  return texts;
}

std::vector<std::string> swept_keys(const SweepSection& sweep) {
  std::vector<std::string> keys;
  const auto add = [&](const std::string& key) {
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  };
  for (const auto& variant : sweep.list) {
    for (const auto& setting : variant.settings) add(setting.key);
  }
  for (const auto& swept : sweep.zip) add(swept.key);
  for (const auto& swept : sweep.grid) add(swept.key);
  return keys;
}

std::string short_key(const std::string& key, const std::vector<std::string>& keys) {
  for (std::size_t dot = key.rfind('.'); dot != std::string::npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    const std::string end = key.substr(dot);
    const bool alone = std::ranges::none_of(
        keys, [&](const std::string& other) { return other != key && ("." + other).ends_with(end); });
    if (alone) return end.substr(1);
  }
  return key;
}

std::vector<Cell> enumerate_cells(const SweepSection& sweep, std::uint64_t first_seed) {
  const auto keys = swept_keys(sweep);
  const auto settings_of_all = combinations(sweep);
  const std::vector<SweptVariant> variants = sweep.list.empty() ? std::vector<SweptVariant>(1) : sweep.list;
  std::vector<Cell> cells;
  for (const SweptVariant& variant : variants) {
    for (const Settings& settings : settings_of_all) {
      Cell cell;
      cell.variant = variant.name;
      cell.settings = variant.settings;
      cell.settings.insert(cell.settings.end(), settings.begin(), settings.end());
      std::vector<std::string> parts;
      parts.reserve(settings.size() + 1);
      if (!variant.name.empty()) parts.push_back(variant.name);
      for (const SweptValue& value : settings)
        parts.push_back(fmt::format("{}={}", short_key(value.key, keys), value.shown));
      cell.group = parts.empty() ? "base" : fmt::format("{}", fmt::join(parts, ", "));
      cell.replicated = sweep.replications > 1;
      for (std::uint64_t r = 0; r < sweep.replications; ++r) {
        cell.position = cells.size();
        cell.replication = r;
        cell.seed = first_seed + r;
        cell.name = cell.replicated ? fmt::format("{}, seed={}", cell.group, cell.seed) : cell.group;
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace millrace
