#include "runtime/scenario/schema_document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;  // keys in the order of the table: the file is read by people too

constexpr std::string_view kBegin = "<!-- keys: begin, written by millrace-schema -->\n";
constexpr std::string_view kEnd = "<!-- keys: end -->\n";
constexpr std::string_view kDecimal = "(0|[1-9][0-9]*)(\\.[0-9]+)?";

std::string unit_pattern(Unit unit) {
  std::string pattern(kDecimal);
  if (unit != Unit::none) pattern += fmt::format(" *({})", fmt::join(unit_names(unit), "|"));
  return pattern;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Schema& schema) : schema_(schema) {}

  Json map(const std::string& row) const {
    Json json{{"type", "object"}, {"additionalProperties", false}};
    Json required = Json::array();
    for (const Key* key : schema_.children(row)) {
      json["properties"][std::string(key->name())] = value(*key);
      if (key->required) required.push_back(key->name());
    }
    if (!required.empty()) json["required"] = required;
    for (const Alternative& alternative : schema_.alternatives) {
      if (alternative.parent == row) json["allOf"].push_back(either(alternative));
    }
    return json;
  }

 private:
  // Exactly one whole set and no key of another set; or no key at all where that is allowed.
  static Json either(const Alternative& alternative) {
    Json choices = Json::array();
    for (const auto& set : alternative.sets) {
      Json others = Json::array();
      for (const auto& other : alternative.sets) {
        if (other == set) continue;
        for (const auto& key : other) others.push_back({{"required", {key}}});
      }
      choices.push_back({{"required", set}, {"not", {{"anyOf", others}}}});
    }
    if (!alternative.needed || !alternative.unless.empty()) {
      Json any = Json::array();
      for (const auto& set : alternative.sets) {
        for (const auto& key : set) any.push_back({{"required", {key}}});
      }
      Json none{{"not", {{"anyOf", any}}}};
      if (alternative.needed) none["required"] = {alternative.unless};
      choices.push_back(none);
    }
    return {{"oneOf", choices}};
  }

  Json value(const Key& key) const {
    Json json{{"description", key.doc}};
    json.update(type(key));
    if (key.fallback.empty()) return json;
    const bool is_number =
        (key.kind == ValueKind::exact || key.kind == ValueKind::real) && key.unit == Unit::none;
    json["default"] = is_number ? Json::parse(key.fallback) : Json(key.fallback);
    return json;
  }

  Json type(const Key& key) const {
    switch (key.kind) {
      case ValueKind::name:
        return {{"type", "string"}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}};
      case ValueKind::text:
        return {{"type", "string"}, {"pattern", "^[ -~]{1,256}$"}};
      case ValueKind::path:
        return path(key);
      case ValueKind::choice:
        return {{"enum", key.choices}};
      case ValueKind::exact:
        if (key.unit == Unit::none)
          return {{"type", "integer"}, {"minimum", key.least}, {"maximum", key.most}};
        return {{"type", "string"}, {"pattern", "^" + unit_pattern(key.unit) + "$"}};
      case ValueKind::real:
        return real(key);
      case ValueKind::bound:
        return {{"type", "string"}, {"pattern", "^(>=|<=) *" + unit_pattern(key.unit) + "$"}};
      case ValueKind::list:
        return {{"type", "array"},
                {"items", value(*schema_.find(key.path + "[]"))},
                {"minItems", key.min_items},
                {"maxItems", key.max_items}};
      case ValueKind::map:
        return map(key.path);
      case ValueKind::settings:
        return {{"type", "object"}, {"minProperties", 1}};
      case ValueKind::setting_lists:
        return {{"type", "object"},
                {"minProperties", 1},
                {"additionalProperties", {{"type", "array"}, {"minItems", 1}}}};
    }
    return {};
  }

  static Json path(const Key& key) {
    if (key.prefixes.empty()) return {{"type", "string"}, {"minLength", 1}};
    return {
        {"type", "string"},
        {"pattern", fmt::format("^({}|({}).+)$", fmt::join(key.choices, "|"), fmt::join(key.prefixes, "|"))}};
  }

  static Json real(const Key& key) {
    if (key.unit != Unit::none) return {{"type", "string"}, {"pattern", "^" + unit_pattern(key.unit) + "$"}};
    return {{"type", "number"},
            {key.low_open ? "exclusiveMinimum" : "minimum", key.low},
            {key.high_open ? "exclusiveMaximum" : "maximum", key.high}};
  }

  const Schema& schema_;
};

std::string unit_column(const Key& key) {
  if (key.unit == Unit::none) return "";
  return fmt::format(" (units {})", fmt::join(unit_names(key.unit), ", "));
}

std::string type_column(const Key& key) {
  std::string type = describe(key);
  if (key.kind == ValueKind::exact || key.kind == ValueKind::real) type += unit_column(key);
  return type;
}

}  // namespace

std::string json_schema(const Schema& schema) {
  Json json{{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "millrace scenario"},
            {"description", "Written by millrace-schema from the table of keys; do not edit."}};
  json.update(SchemaWriter(schema).map(""));
  return json.dump(2) + "\n";
}

std::string key_reference(const Schema& schema) {
  std::string text;
  std::string section = "-";
  for (const Key& key : schema.keys) {
    const std::string own = key.path.substr(0, key.path.find_first_of(".["));
    const bool alone = key.kind != ValueKind::map && key.kind != ValueKind::list && own == key.path;
    if (const std::string wanted = alone ? "" : own; wanted != section) {
      section = wanted;
      text += fmt::format("{}### {}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                          text.empty() ? "" : "\n", section.empty() ? "at the top" : "`" + section + "`");
    }
    const std::string fallback = key.required           ? "*required*"
                                 : key.fallback.empty() ? ""
                                                        : "`" + key.fallback + "`";
    text += fmt::format("| `{}` | {} | {} | {} |\n", key.path, type_column(key), fallback, key.doc);
  }
  return text;
}

Result<std::string> with_reference(std::string_view page, const std::string& reference) {
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return Error{fmt::format("the page lacks the lines {}and {}", kBegin, kEnd), ExitCode::invalid_input};
  return fmt::format("{}{}\n{}\n{}", page.substr(0, begin), kBegin, reference, page.substr(end));
}

}  // namespace millrace
