#include "runtime/scenario/fields.hpp"

#include "runtime/base/check.hpp"
#include "runtime/yaml/yaml_path.hpp"

namespace millrace {

const YamlNode* Fields::node(const std::string& path) const {
  if (!log_.good(path)) return nullptr;
  return find_node(root_, path);
}

const Key& Fields::row(const std::string& path) const {
  const auto steps = parse_path(path);
  MR_CHECK(steps.ok(), "paths asked for are well-formed");
  const Key* key = schema_.find(row_of(*steps));
  MR_CHECK(key != nullptr, path);
  return *key;
}

std::optional<std::string> Fields::text(const std::string& path) const {
  if (!log_.good(path)) return std::nullopt;
  if (const YamlNode* found = node(path)) return found->text;
  const Key& key = row(path);
  return key.fallback.empty() ? std::nullopt : std::optional(key.fallback);
}

std::optional<std::int64_t> Fields::exact(const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_exact(row(path).unit, *written).value()) : std::nullopt;
}

std::optional<double> Fields::real(const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_real(row(path).unit, *written).value()) : std::nullopt;
}

std::optional<BoundText> Fields::bound(const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_bound(row(path).unit, *written).value()) : std::nullopt;
}

std::size_t Fields::size(const std::string& path) const {
  const YamlNode* list = find_node(root_, path);
  return list == nullptr ? 0 : list->items.size();
}

}  // namespace millrace
