#include "runtime/policy/pipeedge_yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace millrace::pipeedge {

File::File(std::string name, const std::string& text) : name_(std::move(name)) {
  auto document = read_yaml(text, name_);
  if (!document.problems.empty()) throw Fault{to_string(document.problems.front())};
  if (!document.root) throw Fault{name_ + ": the file is empty"};
  root_ = std::move(*document.root);
}

void File::fail(const YamlNode& at, const std::string& finding) const {
  throw Fault{fmt::format("{}:{}:{}: {}", name_, at.mark.line, at.mark.column, finding)};
}

std::map<std::string, const YamlNode*> File::fields(const YamlNode& node, const std::string& what,
                                                    const std::vector<std::string>& allowed) const {
  std::map<std::string, const YamlNode*> found;
  for (const auto& entry : entries(node, what)) {
    if (std::find(allowed.begin(), allowed.end(), entry.key) == allowed.end())
      fail(entry.value,
           fmt::format("{} has no key \"{}\"; PipeEdge's are {}", what, entry.key, fmt::join(allowed, ", ")));
    found.emplace(entry.key, &entry.value);
  }
  for (const auto& key : allowed)
    if (!found.contains(key)) fail(node, fmt::format("{} lacks the key \"{}\"", what, key));
  return found;
}

const std::vector<YamlEntry>& File::entries(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::map)
    fail(node, fmt::format("{} must be a map, got {}", what, kind_name(node.kind)));
  return node.entries;
}

const std::vector<YamlNode>& File::items(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::list)
    fail(node, fmt::format("{} must be a list, got {}", what, kind_name(node.kind)));
  return node.items;
}

const std::string& File::text(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::text || node.text.empty())
    fail(node, fmt::format("{} must be a name, got {}", what, kind_name(node.kind)));
  return node.text;
}

double File::number(const YamlNode& node, const std::string& what) const {
  const std::string& digits = text(node, what);
  double value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc{} || end != digits.data() + digits.size())
    fail(node, fmt::format("{} must be a number, got \"{}\"", what, digits));
  if (!(value >= 0) || !std::isfinite(value))
    fail(node, fmt::format("{} must be >= 0 and finite, got \"{}\"", what, digits));
  return value;
}

int File::whole(const YamlNode& node, const std::string& what, std::size_t limit) const {
  const double value = number(node, what);
  if (value != std::floor(value) || value > static_cast<double>(limit))
    fail(node, fmt::format("{} must be a whole number up to {}, got \"{}\"", what, limit, node.text));
  return static_cast<int>(value);
}

std::vector<double> File::numbers(const YamlNode& node, const std::string& what, std::size_t count) const {
  const auto& list = items(node, what);
  if (list.size() != count)
    fail(node, fmt::format("{} has {} numbers, the model has {} layers", what, list.size(), count));
  std::vector<double> values;
  values.reserve(count);
  for (const auto& item : list) values.push_back(number(item, what));
  return values;
}

}  // namespace millrace::pipeedge
