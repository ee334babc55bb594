#include "runtime/scenario/schema_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "runtime/scenario/did_you_mean.hpp"
#include "runtime/scenario/key_path.hpp"
#include "runtime/scenario/sweep_section.hpp"
#include "runtime/yaml/decimal.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxTextLength = 256;
constexpr std::size_t kMaxPathLength = 4096;

bool is_plain_text(std::string_view text) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= kMaxTextLength && std::all_of(text.begin(), text.end(), printable);
}

bool is_name(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kMaxNameLength && alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

class Checker {
 public:
  Checker(const Schema& schema, ProblemLog& log) : schema_(schema), log_(log) {}

  // `row` is the path in the table, `path` the concrete one.
  void map(const std::string& row, const std::string& path, const YamlNode& node) {
    const auto& keys = children(row);
    for (const YamlEntry& entry : node.entries) {
      const auto known =
          std::find_if(keys.begin(), keys.end(), [&](const Key* k) { return k->name() == entry.key; });
      if (known == keys.end()) {
        log_.report_key(path, entry, unknown(path, entry.key, keys));
      } else {
        value(**known, joined_path(path, entry.key), entry.value);
      }
    }
    for (const Key* key : keys) {
      const std::string missing = joined_path(path, key->name());
      if (key->required && node.find(key->name()) == nullptr)
        log_.report(missing, fmt::format("{} is missing: {}", missing, key->doc));
    }
    for (const Alternative& alternative : schema_.alternatives) {
      if (alternative.parent == row) check(alternative, path, node);
    }
  }

 private:
  static std::string joined_path(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

  const std::vector<const Key*>& children(const std::string& row) {
    const auto [found, is_new] = children_.try_emplace(row);
    if (is_new) found->second = schema_.children(row);
    return found->second;
  }

  static std::string unknown(const std::string& path, const std::string& key,
                             const std::vector<const Key*>& keys) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const Key* known : keys) names.emplace_back(known->name());
    const std::string where = path.empty() ? "" : " in " + path;
    if (const std::string meant = did_you_mean(key, names); !meant.empty())
      return fmt::format("unknown key \"{}\"{}; did you mean \"{}\"?", shown(key), where, meant);
    return fmt::format("unknown key \"{}\"{}; known here: {}", shown(key), where, joined(names, ", "));
  }

  void check(const Alternative& alternative, const std::string& path, const YamlNode& node) {
    std::vector<std::string> names;
    std::vector<std::string> given;
    const std::vector<std::string>* chosen = nullptr;
    for (const auto& set : alternative.sets) {
      names.push_back(joined(set, " and "));
      const auto first =
          std::find_if(set.begin(), set.end(), [&](const auto& k) { return node.find(k) != nullptr; });
      if (first == set.end()) continue;
      given.push_back(*first);
      chosen = &set;
    }
    if (given.size() > 1) {
      log_.report(joined_path(path, given.back()),
                  fmt::format("{} has {}; give only one of them", path, joined(given, " and ")));
    } else if (given.empty() && alternative.needed &&
               (alternative.unless.empty() || node.find(alternative.unless) == nullptr)) {
      if (!alternative.unless.empty()) names.push_back(alternative.unless);
      log_.report(joined_path(path, alternative.sets[0][0]),
                  fmt::format("{} needs {}", path, joined(names, ", or ")));
    } else if (given.size() == 1) {
      for (const auto& key : *chosen) {
        if (node.find(key) == nullptr)
          log_.report(joined_path(path, key),
                      fmt::format("{} has {} and needs {} beside it", path, given[0], key));
      }
    }
  }

  void value(const Key& key, const std::string& path, const YamlNode& node) {
    if (node.kind == YamlNode::Kind::refused) return log_.report(path, "");
    if (node.kind == YamlNode::Kind::nothing)
      return log_.report(
          path, fmt::format("{} has no value; write one ({}) or remove the key", path, describe(key)));
    const auto wanted = node_kind(key.kind);
    if (node.kind != wanted) {
      const std::string expected =
          wanted == YamlNode::Kind::text ? describe(key) : std::string(kind_name(wanted));
      return log_.report(path, fmt::format("{} must be {}, got {}", path, expected, kind_name(node.kind)));
    }
    if (key.kind == ValueKind::map) return map(key.path, path, node);
    if (wanted == YamlNode::Kind::map) return settings(key, path, node);
    if (wanted == YamlNode::Kind::list) return list(key, path, node);
    if (std::string fault = scalar(key, node); !fault.empty()) log_.report(path, path + " " + fault);
  }

  static YamlNode::Kind node_kind(ValueKind kind) {
    if (kind == ValueKind::list) return YamlNode::Kind::list;
    const bool is_map =
        kind == ValueKind::map || kind == ValueKind::settings || kind == ValueKind::setting_lists;
    return is_map ? YamlNode::Kind::map : YamlNode::Kind::text;
  }

  // Checks the keys, and that each has values; the values themselves are checked when they are set.
  void settings(const Key& key, const std::string& path, const YamlNode& node) {
    if (node.entries.empty()) log_.report(path, fmt::format("{} is empty; write a {}", path, describe(key)));
    for (const YamlEntry& entry : node.entries) {
      const auto found = find_key_path(schema_, entry.key);
      if (std::string fault = found ? setting(key, entry) : found.error().message; !fault.empty())
        log_.report_key(path, entry, std::move(fault));
    }
  }

  static std::string setting(const Key& key, const YamlEntry& entry) {
    const YamlNode& value = entry.value;
    if (key.kind == ValueKind::settings)
      return value.kind == YamlNode::Kind::nothing ? fmt::format("{} has no value", entry.key) : "";
    if (value.kind != YamlNode::Kind::list)
      return fmt::format("{} must have a list of values here, [a, b], got {}", entry.key,
                         kind_name(value.kind));
    if (value.items.empty() || value.items.size() > kMaxSweptValues)
      return fmt::format("{} must have 1 to {} values here, got {}", entry.key, kMaxSweptValues,
                         value.items.size());
    const auto empty = std::ranges::find(value.items, YamlNode::Kind::nothing, &YamlNode::kind);
    return empty == value.items.end() ? ""
                                      : fmt::format("{} has no value at position {} of its list", entry.key,
                                                    empty - value.items.begin() + 1);
  }

  void list(const Key& key, const std::string& path, const YamlNode& node) {
    if (node.items.size() < key.min_items || node.items.size() > key.max_items)
      log_.report(path, fmt::format("{} must be a {}, got {}", path, describe(key), node.items.size()));
    const Key* item = schema_.find(key.path + "[]");
    for (std::size_t i = 0; i < std::min(node.items.size(), key.max_items); ++i)
      value(*item, fmt::format("{}[{}]", path, i), node.items[i]);
  }

  // What is wrong, as a predicate; "" if nothing is wrong.
  static std::string scalar(const Key& key, const YamlNode& node) {
    const bool is_text =
        key.kind == ValueKind::name || key.kind == ValueKind::text || key.kind == ValueKind::path;
    if (is_text && !node.quoted && surprises_as_text(node.text))
      return fmt::format("is text, and YAML readers disagree whether {0} is; write \"{0}\"",
                         shown(node.text));
    switch (key.kind) {
      case ValueKind::name:
        if (is_name(node.text)) return "";
        return fmt::format(
            "must be a name of at most {} letters, digits, '.', '_' and '-' that begins with a letter "
            "or digit, got \"{}\"",
            kMaxNameLength, shown(node.text));
      case ValueKind::text:
        if (is_plain_text(node.text)) return "";
        return fmt::format("must be 1 to {} printable characters, got \"{}\"", kMaxTextLength,
                           shown(node.text));
      case ValueKind::path:
        return file_path(key, node.text);
      case ValueKind::choice:
        return choice(key, node.text);
      case ValueKind::exact:
        return exact(key, node);
      case ValueKind::real:
        return real(key, node);
      case ValueKind::bound:
        return bound(key, node.text);
      case ValueKind::list:
      case ValueKind::map:
      case ValueKind::settings:
      case ValueKind::setting_lists:
        break;
    }
    return "";
  }

  static std::string file_path(const Key& key, std::string_view text) {
    if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end()) return "";
    const auto prefix =
        std::ranges::find_if(key.prefixes, [&](const std::string& word) { return text.starts_with(word); });
    if (!key.prefixes.empty() && prefix == key.prefixes.end())
      return fmt::format("must be {}, got \"{}\"", describe(key), shown(text));
    if (!key.prefixes.empty()) text.remove_prefix(prefix->size());
    if (text.empty()) return fmt::format("must be {}, got an empty path", describe(key));
    if (text.size() > kMaxPathLength) return fmt::format("is longer than {} bytes", kMaxPathLength);
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
      return fmt::format("holds control characters: \"{}\"", shown(text));
    return "";
  }

  static std::string choice(const Key& key, const std::string& text) {
    if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end()) return "";
    const std::string meant = did_you_mean(text, key.choices);
    return fmt::format("must be {}, got \"{}\"{}", describe(key), shown(text),
                       meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant));
  }

  static std::string exact(const Key& key, const YamlNode& node) {
    if (key.unit == Unit::none && node.quoted) return "must be a number without quotes";
    const auto value = parse_exact(key.unit, node.text);
    if (!value) return value.error().message;
    if (*value >= key.least && *value <= key.most) return "";
    return fmt::format("must be {}, got \"{}\"", describe(key), shown(node.text));
  }

  static bool in_range(const Key& key, double value) {
    return (key.low_open ? value > key.low : value >= key.low) &&
           (key.high_open ? value < key.high : value <= key.high);
  }

  static std::string real(const Key& key, const YamlNode& node) {
    if (key.unit == Unit::none && node.quoted) return "must be a number without quotes";
    const auto value = parse_real(key.unit, node.text);
    if (!value) return value.error().message;
    return in_range(key, *value) ? ""
                                 : fmt::format("must be {}, got \"{}\"", describe(key), shown(node.text));
  }

  static std::string bound(const Key& key, std::string_view text) {
    const auto value = parse_bound(key.unit, text);
    if (!value) return value.error().message;
    if (in_range(key, value->value)) return "";
    return fmt::format(
        "must have a bound {}, got \"{}\"",
        fmt::format("from {} to {}", format_real(key.unit, key.low), format_real(key.unit, key.high)),
        shown(text));
  }

  const Schema& schema_;
  ProblemLog& log_;
  std::unordered_map<std::string, std::vector<const Key*>> children_;
};

}  // namespace

void check_against(const Schema& schema, const YamlNode& root, ProblemLog& log) {
  if (root.kind == YamlNode::Kind::map) {
    Checker(schema, log).map("", "", root);
  } else {
    log.report("", fmt::format("must be a map of keys, got {}", kind_name(root.kind)));
  }
}

Result<BoundText> parse_bound(Unit unit, std::string_view text) {
  const bool at_least = text.starts_with(">=");
  if (!at_least && !text.starts_with("<="))
    return Error{fmt::format("must begin with >= or <=, got \"{}\"", shown(text)), ExitCode::invalid_input};
  text.remove_prefix(2);
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto value = parse_real(unit, text);
  if (!value) return value.error();
  return BoundText{at_least, *value};
}

}  // namespace millrace
