// The part of YAML that means the same to everybody: maps, lists and texts, each with its place. yaml-cpp
// itself accepts duplicate keys, ignores merge keys and reads `no` as false and `010` as 8; here scalars stay
// texts, and whoever knows the wanted type parses them (quantity.hpp). Refused, with a sentence: duplicate
// and non-text keys, anchors, aliases, merge keys, tags, several documents, directives, tabs as indentation,
// control characters, text that is not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/yaml/problem.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {

inline constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 100'000;

struct YamlEntry;

struct YamlNode {
  // `nothing`: no value, `~` or `null`. `refused`: an alias or tag already reported; say no more about it.
  enum class Kind : std::uint8_t { nothing, text, list, map, refused };

  Kind kind = Kind::nothing;
  YamlMark mark;
  std::string set_by;              // not empty: came from this `--set` key, and `mark` says nothing
  std::string text;                // of a text, quotes removed
  bool quoted = false;             // 'x', "x" and block scalars: surely a text
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order written, keys unique

  // nullptr where this is no map or lacks the key.
  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  YamlMark mark;
  YamlNode value;
};

// "a map", "a list", "text", "nothing": for messages.
std::string_view kind_name(YamlNode::Kind kind);

struct YamlDocument {
  std::optional<YamlNode> root;  // absent where the text could not be read to its end
  std::vector<Problem> problems;
};

// `name` stands for the file in problems. Never throws on any text.
YamlDocument read_yaml(std::string_view text, const std::string& name);

// The whole file, or an error for what cannot be read or exceeds kMaxYamlBytes.
Result<std::string> read_text_file(const std::string& path);

}  // namespace millrace
