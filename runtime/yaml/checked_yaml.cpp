#include "runtime/yaml/checked_yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace millrace {

CheckedYaml::CheckedYaml(std::string name, const std::string& text) : name_(std::move(name)) {
  auto document = read_yaml(text, name_);
  if (!document.problems.empty()) throw Fault{to_string(document.problems.front())};
  if (!document.root || document.root->kind == YamlNode::Kind::nothing)
    throw Fault{name_ + ":1:1: the file is empty"};
  root_ = std::move(*document.root);
}

void CheckedYaml::fail(const YamlMark& at, const std::string& finding) const {
  throw Fault{fmt::format("{}:{}:{}: {}", name_, at.line, at.column, finding)};
}

CheckedYaml::Fields CheckedYaml::fields(const YamlNode& node, const std::string& what,
                                        const std::vector<std::string>& required,
                                        const std::vector<std::string>& optional) const {
  const auto in = [](const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  Fields found;
  for (const auto& [key, mark, value] : entries(node, what)) {
    if (!in(required, key) && !in(optional, key))
      fail(mark,
           fmt::format("{} has no key \"{}\"; its keys are {}{}{}", what, key, fmt::join(required, ", "),
                       required.empty() || optional.empty() ? "" : ", ", fmt::join(optional, ", ")));
    found.emplace(key, &value);
  }
  for (const auto& key : required)
    if (!found.contains(key)) fail(node, fmt::format("{} lacks the key \"{}\"", what, key));
  return found;
}

const std::vector<YamlEntry>& CheckedYaml::entries(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::map)
    fail(node, fmt::format("{} must be a map, got {}", what, kind_name(node.kind)));
  return node.entries;
}

const std::vector<YamlNode>& CheckedYaml::items(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::list)
    fail(node, fmt::format("{} must be a list, got {}", what, kind_name(node.kind)));
  return node.items;
}

const std::string& CheckedYaml::text(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::text || node.text.empty())
    fail(node, fmt::format("{} must be a word or a sentence, got {}", what, kind_name(node.kind)));
  return node.text;
}

double CheckedYaml::number(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::text)
    fail(node, fmt::format("{} must be a number, got {}", what, kind_name(node.kind)));
  const std::string& digits = node.text;
  double value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc{} || end != digits.data() + digits.size())
    fail(node, fmt::format("{} must be a number, got \"{}\"", what, digits));
  if (!(value >= 0) || !std::isfinite(value))
    fail(node, fmt::format("{} must be >= 0 and finite, got \"{}\"", what, digits));
  return value;
}

int CheckedYaml::whole(const YamlNode& node, const std::string& what, std::size_t limit) const {
  const double value = number(node, what);
  if (value != std::floor(value) || value > static_cast<double>(limit))
    fail(node, fmt::format("{} must be a whole number up to {}, got \"{}\"", what, limit, node.text));
  return static_cast<int>(value);
}

std::vector<double> CheckedYaml::numbers(const YamlNode& node, const std::string& what) const {
  const auto& list = items(node, what);
  std::vector<double> values;
  values.reserve(list.size());
  for (const auto& item : list) values.push_back(number(item, what));
  return values;
}

}  // namespace millrace
