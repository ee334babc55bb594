#include "runtime/scenario/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace millrace {
namespace {

std::string exact_range(const Key& key) {
  const bool endless = key.most == std::numeric_limits<std::int64_t>::max();
  std::string least = format_exact(key.unit, key.least);
  if (endless) return least + " or more";
  if (key.least == key.most) return least;
  return fmt::format("{} to {}", least, format_exact(key.unit, key.most));
}

std::string real_range(const Key& key) {
  const std::string low = key.low_open ? "above 0" : "at least " + format_real(key.unit, key.low);
  return fmt::format("{} and {} {}", low, key.high_open ? "below" : "at most",
                     format_real(key.unit, key.high));
}

}  // namespace

std::string_view Key::name() const {
  const std::size_t dot = path.rfind('.');
  return std::string_view(path).substr(dot == std::string::npos ? 0 : dot + 1);
}

const Key* Schema::find(std::string_view path) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.path == path; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<const Key*> Schema::children(std::string_view parent) const {
  const std::string start = parent.empty() ? "" : std::string(parent) + ".";
  std::vector<const Key*> found;
  for (const Key& key : keys) {
    const std::string_view path = key.path;
    if (path.starts_with(start) && path.find_first_of(".[", start.size()) == std::string_view::npos)
      found.push_back(&key);
  }
  return found;
}

std::string describe(const Key& key) {
  switch (key.kind) {
    case ValueKind::name:
      return "name";
    case ValueKind::text:
      return "text";
    case ValueKind::path: {
      std::vector<std::string> ways = key.choices;
      for (const auto& prefix : key.prefixes) ways.push_back(prefix + "PATH");
      if (key.prefixes.empty()) ways.emplace_back("path of a file");
      return fmt::format("{}", fmt::join(ways, " or "));
    }
    case ValueKind::choice:
      return "one of " + fmt::format("{}", fmt::join(key.choices, ", "));
    case ValueKind::exact:
      return (key.unit == Unit::none ? "integer, " : "") + exact_range(key);
    case ValueKind::real:
      return (key.unit == Unit::none ? "number " : "") + real_range(key);
    case ValueKind::bound:
      return fmt::format(
          ">= or <= and a number{}",
          key.unit == Unit::none ? "" : fmt::format(" in {}", fmt::join(unit_names(key.unit), ", ")));
    case ValueKind::list:
      return key.min_items == key.max_items ? fmt::format("list of {}", key.max_items)
                                            : fmt::format("list of {} to {}", key.min_items, key.max_items);
    case ValueKind::map:
      return "map";
    case ValueKind::settings:
      return "map of keys, such as `run.window`, to their values";
    case ValueKind::setting_lists:
      return "map of keys, such as `run.window`, to lists of their values";
  }
  return "";
}

}  // namespace millrace
