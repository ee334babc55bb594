#include "runtime/scenario/fields.hpp"

#include "runtime/yaml/yaml_path.hpp"

namespace millrace {

const YamlNode* Fields::node(const std::string& path) const {
  return log_.good(path) ? find_node(root_, path) : nullptr;
}

std::optional<std::string> Fields::text(const std::string& path) const {
  const YamlNode* found = node(path);
  return found == nullptr ? std::nullopt : std::optional(found->text);
}

std::optional<std::int64_t> Fields::exact(Unit unit, const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_exact(unit, *written).value()) : std::nullopt;
}

std::optional<double> Fields::real(Unit unit, const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_real(unit, *written).value()) : std::nullopt;
}

std::optional<BoundText> Fields::bound(Unit unit, const std::string& path) const {
  const auto written = text(path);
  return written ? std::optional(parse_bound(unit, *written).value()) : std::nullopt;
}

std::size_t Fields::size(const std::string& path) const {
  const YamlNode* list = find_node(root_, path);
  return list == nullptr ? 0 : list->items.size();
}

}  // namespace millrace
