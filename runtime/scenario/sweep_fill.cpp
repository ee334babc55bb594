#include "runtime/scenario/sweep_fill.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/scenario/key_path.hpp"
#include "runtime/scenario/scenario_files.hpp"
#include "runtime/yaml/decimal.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

// --- values as texts

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return out + "\"";
}

// Whether the text would, without its quotes, be read as something else, or be accepted where it is refused.
bool quotes_matter(const YamlNode& node) {
  return node.quoted && (surprises_as_text(node.text) || check_decimal(node.text).ok());
}

bool plain_in_flow(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && (alphanumeric(text.front()) || text.front() == '/' || text.front() == '.') &&
         text.back() != ' ' && std::ranges::all_of(text, [&](char c) {
           return alphanumeric(c) || std::string_view("._/+- ").find(c) != std::string_view::npos;
         });
}

std::string flow(const YamlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case YamlNode::Kind::text:
      return plain_in_flow(node.text) && !quotes_matter(node) ? node.text : in_quotes(node.text);
    case YamlNode::Kind::list:
      parts.reserve(node.items.size());
      for (const YamlNode& item : node.items) parts.push_back(flow(item));
      return fmt::format("[{}]", fmt::join(parts, ", "));
    case YamlNode::Kind::map:
      parts.reserve(node.entries.size());
      for (const YamlEntry& entry : node.entries)
        parts.push_back(fmt::format("{}: {}", plain_in_flow(entry.key) ? entry.key : in_quotes(entry.key),
                                    flow(entry.value)));
      return fmt::format("{{{}}}", fmt::join(parts, ", "));
    case YamlNode::Kind::nothing:
    case YamlNode::Kind::refused:
      break;
  }
  return "~";
}

// --- the block

class SweepFiller {
 public:
  SweepFiller(const Schema& schema, const Fields& fields, const std::string& folder, ProblemLog& log)
      : schema_(schema), fields_(fields), folder_(folder), log_(log) {}

  SweepSection fill() {
    SweepSection sweep;
    sweep.grid = lists("sweep.grid");
    sweep.zip = lists("sweep.zip");
    for (const SweptKey& swept : sweep.zip) {
      if (swept.values.size() == sweep.zip.front().values.size()) continue;
      log_.report("sweep.zip", fmt::format("sweep.zip needs lists of one length: {} has {} values, {} has {}",
                                           sweep.zip.front().key, sweep.zip.front().values.size(), swept.key,
                                           swept.values.size()));
      break;
    }
    variants(sweep);
    sweep.replications =
        static_cast<std::uint64_t>(fields_.exact(Unit::none, "sweep.replications").value_or(1));
    if (sweep.replications > 1) claim("sweep.replications", "run.seed");
    if (sweep.cells() > kMaxCells)
      log_.report("sweep", fmt::format("sweep has more than {} cells; make it smaller", kMaxCells));
    return sweep;
  }

 private:
  SweptValue value(const std::string& key, const YamlNode& node) const {
    YamlNode anchored = node;
    if (const auto path = parse_path(key)) anchor_files(schema_, row_of(*path), folder_, anchored);
    const std::string shown_value = node.kind == YamlNode::Kind::text ? node.text : flow(node);
    return {key, fmt::format("{}={}", key, override_value(anchored)), shown_value,
            node.set_by.empty() ? node.mark : YamlMark()};
  }

  std::vector<SweptKey> lists(const std::string& part) {
    std::vector<SweptKey> swept;
    const YamlNode* node = fields_.node(part);
    if (node == nullptr) return swept;
    for (const YamlEntry& entry : node->entries) {
      claim(part, entry.key);
      SweptKey key{entry.key, {}};
      std::set<std::string> seen;
      for (const YamlNode& item : entry.value.items) {
        key.values.push_back(value(entry.key, item));
        if (part == "sweep.grid" && !seen.insert(key.values.back().override_text).second)
          log_.report_key(
              part, entry,
              fmt::format("{} has the value {} twice", entry.key, shown(key.values.back().shown)));
      }
      swept.push_back(std::move(key));
    }
    return swept;
  }

  void variants(SweepSection& sweep) {
    std::set<std::string> names;
    std::set<std::string> claimed;  // variants exclude each other: they may set the same keys
    for (std::size_t i = 0; i < fields_.size("sweep.list"); ++i) {
      const std::string at = fmt::format("sweep.list[{}]", i);
      const YamlNode* settings = fields_.node(at + ".set");
      SweptVariant variant{fields_.text(at + ".name").value_or(""), {}};
      if (settings == nullptr || variant.name.empty()) continue;
      if (!names.insert(variant.name).second)
        log_.report(at + ".name", fmt::format("{}.name \"{}\" is there already", at, variant.name));
      for (const YamlEntry& entry : settings->entries) {
        if (claimed.insert(entry.key).second) claim("sweep.list", entry.key);
        variant.settings.push_back(value(entry.key, entry.value));
      }
      sweep.list.push_back(std::move(variant));
    }
  }

  // Two parts must not set one key, nor one part a key and another a key below it: the last one would win.
  void claim(const std::string& part, const std::string& key) {
    const auto found = find_key_path(schema_, key);
    if (!found) return;  // reported already
    const auto& top = std::get<std::string>(found->steps.front());
    if (top == "sweep" || top == "millrace" || top == "name") {
      log_.report(part, fmt::format("{} cannot be swept: it says nothing about the run", key));
      return;
    }
    if (claimed_.size() >= kMaxSweptKeys) {
      log_.report(part, fmt::format("sweep sets more than {} keys", kMaxSweptKeys));
      return;
    }
    for (const auto& [other, owner] : claimed_) {
      if (part == owner && part == "sweep.list") continue;
      const std::size_t common = std::min(other.size(), found->steps.size());
      if (!std::equal(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(common),
                      found->steps.begin()))
        continue;
      log_.report(part, fmt::format("{} is set by {} and by {}; let one of them set it", key, owner, part));
      return;
    }
    claimed_.emplace_back(found->steps, part);
  }

  const Schema& schema_;
  const Fields& fields_;
  const std::string& folder_;
  ProblemLog& log_;
  std::vector<std::pair<std::vector<PathStep>, std::string>> claimed_;
};

}  // namespace

std::uint64_t SweepSection::cells() const {
  std::uint64_t cells = 1;
  const auto times = [&](std::uint64_t factor) {
    if (factor > 1) cells = factor > kMaxCells ? kMaxCells + 1 : std::min(cells * factor, kMaxCells + 1);
  };
  for (const SweptKey& swept : grid) times(swept.values.size());
  if (!zip.empty()) times(zip.front().values.size());
  times(list.size());
  times(replications);
  return cells;
}

std::string override_value(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::text) return flow(node);
  const std::string& text = node.text;
  const bool plain = !text.empty() &&
                     std::string_view("[{\"' ").find(text.front()) == std::string_view::npos &&
                     text.back() != ' ' && !quotes_matter(node);
  return plain ? text : in_quotes(text);
}

std::optional<SweepSection> fill_sweep(const Schema& schema, const Fields& fields, const std::string& folder,
                                       ProblemLog& log) {
  if (!log.has("sweep") || fields.node("sweep") == nullptr) return std::nullopt;
  return SweepFiller(schema, fields, folder, log).fill();
}

}  // namespace millrace
