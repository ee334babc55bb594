#include "runtime/yaml/yaml_path.hpp"

#include <fmt/format.h>

#include <charconv>

namespace millrace {
namespace {

constexpr std::size_t kMaxIndex = 1'000'000;

Error fault(std::string_view path, std::string_view finding) {
  return {fmt::format("\"{}\" is not a key: {}; write it like network.links[1].delay", path, finding),
          ExitCode::invalid_input};
}

}  // namespace

Result<std::vector<PathStep>> parse_path(std::string_view path) {
  std::vector<PathStep> steps;
  std::string_view rest = path;
  while (!rest.empty() || steps.empty()) {
    if (steps.size() >= kMaxYamlDepth) return fault(path, "it is too deep");
    if (rest.starts_with('[')) {
      if (steps.empty()) return fault(path, "it begins with an index");
      std::size_t index = 0;
      const char* last = rest.data() + rest.size();
      const auto [end, problem] = std::from_chars(rest.data() + 1, last, index);
      if (problem != std::errc() || end == last || *end != ']' || index > kMaxIndex)
        return fault(path, "an index is a number from 0 in [ ]");
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
      steps.emplace_back(index);
    } else {
      if (!steps.empty()) {
        if (!rest.starts_with('.')) return fault(path, "after ] comes . or [");
        rest.remove_prefix(1);
      }
      const std::string_view key = rest.substr(0, rest.find_first_of(".["));
      if (key.empty()) return fault(path, "a name is missing");
      rest.remove_prefix(key.size());
      steps.emplace_back(std::string(key));
    }
  }
  return steps;
}

std::string_view parent_path(std::string_view path) {
  const std::size_t end = path.find_last_of(".[");
  return path.substr(0, end == std::string_view::npos ? 0 : end);
}

std::string row_of(const std::vector<PathStep>& path) {
  std::string row;
  for (const PathStep& step : path) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      row += row.empty() ? *key : "." + *key;
    } else {
      row += "[]";
    }
  }
  return row;
}

namespace {

// The deepest existing node on a path, and whether it is the path's end.
struct Walk {
  const YamlNode* node;
  bool complete;
};
Walk walk(const YamlNode& root, std::string_view path) {
  if (path.empty()) return {&root, true};
  const auto steps = parse_path(path);
  if (!steps) return {&root, false};
  const YamlNode* node = &root;
  for (const PathStep& step : *steps) {
    const YamlNode* next = nullptr;
    if (const auto* key = std::get_if<std::string>(&step)) {
      next = node->find(*key);
    } else if (const std::size_t index = std::get<std::size_t>(step); index < node->items.size()) {
      next = &node->items[index];
    }
    if (next == nullptr) return {node, false};
    node = next;
  }
  return {node, true};
}

}  // namespace

const YamlNode* find_node(const YamlNode& root, std::string_view path) {
  const Walk found = walk(root, path);
  return found.complete ? found.node : nullptr;
}

const YamlNode& nearest_node(const YamlNode& root, std::string_view path) { return *walk(root, path).node; }

}  // namespace millrace
