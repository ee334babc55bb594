#include "runtime/scenario/scenario_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include "runtime/scenario/tables.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// "image-folder:" and "images/labels.csv". path_in() gives nothing for a word that is not a file, "random".
struct PathText {
  std::string prefix, path;
};
std::optional<PathText> path_in(const Key& key, const std::string& text) {
  if (text.empty() || std::ranges::find(key.choices, text) != key.choices.end()) return std::nullopt;
  if (key.prefixes.empty()) return PathText{"", text};
  const auto prefix = std::ranges::find_if(
      key.prefixes, [&](const std::string& candidate) { return text.starts_with(candidate); });
  if (prefix == key.prefixes.end()) return std::nullopt;
  return PathText{*prefix, text.substr(prefix->size())};
}

// Visits every text below `node` whose key is a path. `row` is the node's row in the table, `at` its path.
using NodeVisitor = std::function<void(const Key&, const std::string& at, YamlNode&)>;
void for_each_path(const Schema& schema, const std::string& row, const std::string& at, YamlNode& node,
                   const NodeVisitor& visit) {
  const Key* key = schema.find(row);
  if (key == nullptr && !row.empty()) return;
  for (std::size_t i = 0; i < node.items.size(); ++i)
    for_each_path(schema, row + "[]", fmt::format("{}[{}]", at, i), node.items[i], visit);
  const std::string dot = row.empty() ? "" : ".";
  for (YamlEntry& entry : node.entries)
    for_each_path(schema, row + dot + entry.key, at + dot + entry.key, entry.value, visit);
  if (key != nullptr && key->kind == ValueKind::path && node.kind == YamlNode::Kind::text)
    visit(*key, at, node);
}

bool is_there(const fs::path& path, bool folder) {
  std::error_code ignored;  // a path that cannot be examined counts as absent
  return fs::exists(path, ignored) && fs::is_directory(path, ignored) == folder;
}

fs::path current_folder() {
  std::error_code ignored;
  return fs::current_path(ignored);
}

}  // namespace

void find_files(const Schema& schema, const std::string& folder, YamlNode& root, ProblemLog& log) {
  const fs::path current = current_folder();
  const auto find = [&](const Key& key, const std::string& at, YamlNode& node) {
    const auto written = path_in(key, node.text);
    if (!written || !log.good(at)) return;
    std::array places{(current / folder / written->path).lexically_normal(),
                      (current / written->path).lexically_normal()};
    if (!node.set_by.empty()) std::swap(places[0], places[1]);
    const auto found =
        std::ranges::find_if(places, [&](const fs::path& place) { return is_there(place, key.folder); });
    if (found != places.end()) {
      node.text = written->prefix + found->string();
      return;
    }
    const auto tried =
        places[0] == places[1]
            ? fmt::format("there is no {} {}", key.folder ? "folder" : "file", places[0].string())
            : fmt::format("there is neither {} nor {}", places[0].string(), places[1].string());
    log.report(at, fmt::format("{} names \"{}\": {}", at, shown(node.text), tried));
  };
  for_each_path(schema, "", "", root, find);
}

void anchor_files(const Schema& schema, const std::string& row, const std::string& folder, YamlNode& value) {
  const auto anchor = [&](const Key& key, const std::string&, YamlNode& node) {
    const auto written = path_in(key, node.text);
    if (!written) return;
    const fs::path place = current_folder() / folder / written->path;
    std::error_code ignored;
    if (fs::exists(place, ignored)) node.text = written->prefix + place.lexically_normal().string();
  };
  for_each_path(schema, row, row, value, anchor);
}

std::vector<NamedFile> named_files(const Scenario& scenario) {
  std::vector<NamedFile> files;
  scenario_table().for_each_path(scenario, "",
                                 [&](const std::string& row, const Key& key, const std::string& text) {
                                   if (auto written = path_in(key, text))
                                     files.push_back({row, std::move(written->path), key.folder});
                                 });
  return files;
}

}  // namespace millrace
