// The table of keys in the two forms that people see: a JSON Schema (draft 7, for the YAML plug-ins of
// editors) and the Markdown reference in scenarios/README.md. Both are committed; `millrace-schema` writes
// them.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/scenario/schema.hpp"

namespace millrace {

std::string json_schema(const Schema& schema);

// Tables of key, type, default and meaning, one per section.
std::string key_reference(const Schema& schema);

// `page` with the text between its two marker lines replaced by the reference; an error if it lacks them.
Result<std::string> with_reference(std::string_view page, const std::string& reference);

}  // namespace millrace
