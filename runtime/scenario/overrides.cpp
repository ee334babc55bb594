#include "runtime/scenario/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "runtime/base/check.hpp"
#include "runtime/scenario/key_path.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

void mark_set_by(YamlNode& node, const std::string& key) {
  node.set_by = key;
  for (YamlNode& item : node.items) mark_set_by(item, key);
  for (YamlEntry& entry : node.entries) mark_set_by(entry.value, key);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Problems of the value are placed at the override, without columns.
std::optional<YamlNode> parse_value(std::string_view value, const std::string& place,
                                    std::vector<Problem>& problems) {
  value = trimmed(value);
  YamlNode node;
  if (value.empty()) return node;
  if (std::string_view("[{\"'").find(value.front()) == std::string_view::npos) {
    node.kind = YamlNode::Kind::text;
    node.text = value;
    return node;
  }
  YamlDocument document = read_yaml(value, place);
  for (Problem& problem : document.problems) problems.push_back({place, 0, 0, std::move(problem.message)});
  return document.problems.empty() ? std::move(document.root) : std::nullopt;
}

// The node at `path`, created if absent; an error says why it cannot be.
Result<YamlNode*> place_for(YamlNode& root, const std::vector<PathStep>& path, const std::string& set_by) {
  YamlNode* node = &root;
  std::string so_far;
  for (const PathStep& step : path) {
    const bool is_key = std::holds_alternative<std::string>(step);
    const auto wanted = is_key ? YamlNode::Kind::map : YamlNode::Kind::list;
    if (node->kind == YamlNode::Kind::nothing) {
      node->kind = wanted;
      node->set_by = set_by;
    }
    if (node->kind != wanted)
      return Error{
          fmt::format("cannot be set: {} is {} here, not {}", so_far.empty() ? "the scenario" : so_far,
                      kind_name(node->kind), kind_name(wanted)),
          ExitCode::invalid_input};
    if (is_key) {
      const auto& key = std::get<std::string>(step);
      so_far += so_far.empty() ? key : "." + key;
      YamlNode* next = node->find(key);
      if (next == nullptr) {
        node->entries.push_back({key, {}, {}});
        next = &node->entries.back().value;
      }
      node = next;
    } else {
      const std::size_t index = std::get<std::size_t>(step);
      if (index > node->items.size())
        return Error{
            fmt::format("index {} is out of range: {} has {} item{}; the next one is [{}]", index, so_far,
                        node->items.size(), node->items.size() == 1 ? "" : "s", node->items.size()),
            ExitCode::invalid_input};
      if (index == node->items.size()) node->items.emplace_back();
      so_far += fmt::format("[{}]", index);
      node = &node->items[index];
    }
  }
  return node;
}

// Of an alternative (rate or trace, images or microbatches, …) the key set replaces the file's.
void drop_alternatives(const Schema& schema, const std::vector<PathStep>& path, YamlNode& root) {
  if (path.size() < 2 || !std::holds_alternative<std::string>(path.back())) return;
  const std::vector<PathStep> parent(path.begin(), path.end() - 1);
  const auto map = place_for(root, parent, "");
  MR_CHECK(map.ok(), "the value has just been placed inside it");
  for (const Alternative& alternative : schema.alternatives) {
    if (alternative.parent != row_of(parent)) continue;
    const auto holds = [&](const auto& set, const std::string& key) {
      return std::find(set.begin(), set.end(), key) != set.end();
    };
    const auto& key = std::get<std::string>(path.back());
    const auto own = std::find_if(alternative.sets.begin(), alternative.sets.end(),
                                  [&](const auto& set) { return holds(set, key); });
    if (own == alternative.sets.end()) continue;
    std::erase_if((*map)->entries, [&](const YamlEntry& entry) {
      return entry.value.set_by.empty() && !holds(*own, entry.key) &&
             std::any_of(alternative.sets.begin(), alternative.sets.end(),
                         [&](const auto& set) { return holds(set, entry.key); });
    });
  }
}

void apply(const Schema& schema, const std::string& override_text, YamlNode& root,
           std::vector<Problem>& problems) {
  const std::size_t equals = override_text.find('=');
  const std::string key(trimmed(std::string_view(override_text).substr(0, equals)));
  const std::string place = "--set " + shown(key);
  const auto report = [&](std::string message) { problems.push_back({place, 0, 0, std::move(message)}); };
  if (equals == std::string::npos) return report("has no value; write KEY=VALUE, for example run.seed=7");
  const auto found = find_key_path(schema, key);
  if (!found) return report(found.error().message);
  const auto& path = found->steps;
  auto value = parse_value(std::string_view(override_text).substr(equals + 1), place, problems);
  if (!value) return;
  const auto target = place_for(root, path, key);
  if (!target) return report(target.error().message);
  mark_set_by(*value, key);
  **target = std::move(*value);
  drop_alternatives(schema, path, root);
}

}  // namespace

std::vector<Problem> apply_overrides(const Schema& schema, const std::vector<std::string>& overrides,
                                     YamlNode& root) {
  std::vector<Problem> problems;
  for (const std::string& text : overrides) {
    if (text.size() > kMaxYamlBytes) {
      problems.push_back({"--set", 0, 0, fmt::format("an override is longer than {} bytes", kMaxYamlBytes)});
    } else {
      apply(schema, text, root, problems);
    }
  }
  return problems;
}

}  // namespace millrace
