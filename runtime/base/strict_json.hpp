// Strict JSON: a duplicate key in an object is refused (nlohmann-json keeps the last one, other parsers the
// first), and so is deep nesting. For libraries that link nlohmann-json, which `base` does not.
#pragma once

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

// The error is a predicate: `has the key "links" twice in one object`, `is not valid JSON: …`.
template <class Json = nlohmann::json>
Result<Json> strict_json(std::string_view text, int max_depth = 64) {
  std::vector<std::set<std::string>> keys;
  std::string fault;
  const auto watch = [&](int depth, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if (depth > max_depth && fault.empty()) fault = fmt::format("is nested deeper than {}", max_depth);
    if (!fault.empty()) return false;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event != Event::key) return true;
    const auto key = parsed.template get<std::string>();
    if (keys.back().insert(key).second) return true;
    std::string shown;
    for (const char c : key.substr(0, 64)) shown += c < ' ' || c > '~' ? '?' : c;
    fault = fmt::format("has the key \"{}\" twice in one object", shown);
    return false;
  };
  const auto invalid = [](std::string finding) { return Error{std::move(finding), ExitCode::invalid_input}; };
  try {
    Json json = Json::parse(text, watch);
    if (!fault.empty()) return invalid(std::move(fault));
    return json;
  } catch (const std::exception& thrown) {
    return invalid(fault.empty() ? fmt::format("is not valid JSON: {}", thrown.what()) : std::move(fault));
  }
}

}  // namespace millrace
