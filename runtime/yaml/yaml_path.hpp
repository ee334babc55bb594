// Paths into a YAML tree, "network.links[1].delay", by which `--set` and messages name a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

using PathStep = std::variant<std::string, std::size_t>;  // a key, or an index from 0

// An error says what is wrong with the text. ENSURES not empty, at most kMaxYamlDepth steps.
Result<std::vector<PathStep>> parse_path(std::string_view path);

// "a.b[1].c" -> "a.b[1]" -> "a.b" -> "a" -> "".
std::string_view parent_path(std::string_view path);

// "network.links[1].delay" -> "network.links[].delay", the row of the table of keys.
std::string row_of(const std::vector<PathStep>& path);

// The node at the path, or nullptr if the tree has none.
const YamlNode* find_node(const YamlNode& root, std::string_view path);

// The node at the path or, if the tree has none, the deepest one on the way. REQUIRES a well-formed path.
const YamlNode& nearest_node(const YamlNode& root, std::string_view path);

}  // namespace millrace
