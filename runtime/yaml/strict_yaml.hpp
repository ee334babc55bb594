// The part of YAML on which all readers agree: maps, lists and texts, each with its place. yaml-cpp itself
// accepts duplicate keys, ignores merge keys and reads `no` as false and `010` as 8; here scalars stay texts,
// and the caller, which knows the wanted type, parses them (quantity.hpp). Refused, with a message: duplicate
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
  std::string set_by;              // not empty: it came from this `--set` key, and `mark` is unused
  std::string text;                // of a text, quotes removed
  bool quoted = false;             // 'x', "x" and block scalars: certainly a text
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order written, keys unique

  // nullptr if this is not a map or lacks the key.
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
  std::optional<YamlNode> root;  // absent if the text could not be read to its end
  std::vector<Problem> problems;
};

// `name` is the file's name in problems. Never throws, whatever the text.
YamlDocument read_yaml(std::string_view text, const std::string& name);

// The whole file, or an error if it cannot be read or exceeds kMaxYamlBytes.
Result<std::string> read_text_file(const std::string& path);

}  // namespace millrace
