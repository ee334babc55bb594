// The one table of all scenario keys. It is the source of the checks of files and `--set` overrides
// (schema_check.hpp), of the JSON Schema for editors and of the key reference in scenarios/README.md
// (schema_document.hpp). Its rows come from the tables in schema_*.cpp (rows.hpp), which add the fields that
// they fill and the defaults.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/yaml/quantity.hpp"

namespace millrace {

enum class ValueKind : std::uint8_t {
  name,           // letters, digits and ._- after a letter or digit, at most 64
  text,           // printable ASCII, at most 256
  path,           // of a file or folder (scenario_reader.hpp says relative to what); at most 4096 bytes
  choice,         // one of `choices`
  exact,          // integer, or a whole number of ns, bit/s, bytes
  real,           // decimal number, FLOP/s or images/s
  bound,          // ">= 9.5 /s": a real number with its unit after >= or <=
  list,           // its items are the row "path[]"
  map,            // its keys are the rows "path.key"
  settings,       // a map from paths of other keys to a value for each
  setting_lists,  // a map from paths of other keys to a list of values for each
};

struct Key {
  std::string path{};  // "network.links[].rate"; [] stands for every item of a list
  ValueKind kind = ValueKind::name;
  Unit unit = Unit::none;
  std::string doc{};       // one line
  std::string fallback{};  // the default as it would be written; empty: none, or `doc` says what it is
  bool required = false;
  bool how = false;                     // says how a scenario is run, not what it is: not part of its hash
  bool folder = false;                  // of a path: it names a folder
  std::vector<std::string> choices{};   // for `path` too: words accepted instead of a path
  std::vector<std::string> prefixes{};  // of a path: one of these stands before it, "image-folder:"
  std::int64_t least = 0;               // exact
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  double low = 0;  // real
  double high = std::numeric_limits<double>::max();
  bool low_open = false, high_open = false;  // whether the end itself is excluded
  std::size_t min_items = 0, max_items = 0;  // list

  std::string_view name() const;  // the last part of the path: "rate"
};

// Of these sets of keys of one map exactly one (or, if not needed, at most one) must be given, with all its
// keys.
struct Alternative {
  std::string parent;
  std::vector<std::vector<std::string>> sets;
  bool needed = true;
  std::string unless{};  // where this key is given, none of the sets is needed
};

struct Schema {
  std::vector<Key> keys;  // in the order of the reference; the root map is not among them
  std::vector<Alternative> alternatives;

  const Key* find(std::string_view path) const;
  // The rows "parent.x", without deeper ones; parent "" is the root.
  std::vector<const Key*> children(std::string_view parent) const;
};

const Schema& scenario_schema();

// "integer, 1 to 65536", "one of raw, tcp": for messages and the reference.
std::string describe(const Key& key);

}  // namespace millrace
