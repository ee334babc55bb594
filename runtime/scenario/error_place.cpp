#include "runtime/scenario/error_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "runtime/scenario/key_path.hpp"
#include "runtime/scenario/overrides.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// "model.microbatch" of "model.microbatch: 65536 images …"; empty if the message does not begin with a key.
std::string leading_key(const Schema& schema, const std::string& message) {
  const auto end = message.find(": ");
  if (end == std::string::npos) return {};
  std::string key = message.substr(0, end);
  return find_key_path(schema, key).ok() ? key : std::string();
}

class FileKeys {
 public:
  FileKeys(const Schema& schema, const std::string& scenario, const std::string& message)
      : schema_(schema), message_(message) {
    std::error_code ignored;
    current_ = fs::current_path(ignored);
    folder_ = current_ / fs::path(scenario).parent_path();
  }

  // The first key below `node` whose file the message names.
  std::optional<std::string> find(const YamlNode& node, const std::string& path, const std::string& row) {
    if (node.kind == YamlNode::Kind::text) {
      const Key* key = schema_.find(row);
      const bool is_file = key != nullptr && key->kind == ValueKind::path;
      return is_file && named(*key, node.text) ? std::optional(path) : std::nullopt;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (auto found = find(node.items[i], fmt::format("{}[{}]", path, i), row + "[]")) return found;
    }
    for (const auto& [key, mark, value] : node.entries) {
      const auto below = [&key = key](const std::string& above) {
        return above.empty() ? key : fmt::format("{}.{}", above, key);
      };
      if (auto found = find(value, below(path), below(row))) return found;
    }
    return std::nullopt;
  }

 private:
  bool named(const Key& key, std::string value) const {
    if (std::ranges::find(key.choices, value) != key.choices.end()) return false;
    for (const auto& prefix : key.prefixes) {
      if (value.starts_with(prefix)) value.erase(0, prefix.size());
    }
    return std::ranges::any_of(std::array{folder_ / value, current_ / value}, [&](const fs::path& place) {
      const auto file = place.lexically_normal().string();
      const auto at = message_.find(file);
      // The match must not be the beginning of a longer name.
      return at != std::string::npos &&
             (at + file.size() == message_.size() ||
              std::string_view(": ,/;)\"").find(message_[at + file.size()]) != std::string_view::npos);
    });
  }

  const Schema& schema_;
  const std::string& message_;
  fs::path folder_, current_;
};

}  // namespace

Problem place_error(const ScenarioSource& source, const Error& error) {
  Problem problem{source.path, 0, 0, error.message};
  auto document = read_yaml(source.text, source.path);
  if (!document.root) return problem;
  const Schema& schema = scenario_schema();
  (void)apply_overrides(schema, source.overrides, *document.root);
  std::string key = leading_key(schema, error.message);
  if (key.empty()) {
    const auto found = FileKeys(schema, source.path, error.message).find(*document.root, "", "");
    if (!found) return problem;
    key = *found;
    problem.message = key + ": " + error.message;
  }
  const YamlNode& node = nearest_node(*document.root, key);
  if (!node.set_by.empty()) {
    problem.file = "--set " + node.set_by;
  } else {
    problem.line = node.mark.line;
    problem.column = node.mark.column;
  }
  return problem;
}

}  // namespace millrace
