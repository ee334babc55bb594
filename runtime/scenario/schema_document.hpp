// The table of keys in the two forms people meet it: a JSON Schema (draft 7, what editors' YAML plug-ins
// read) and the Markdown reference in scenarios/README.md. Both are committed; `millrace-schema` writes them
// anew.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/scenario/schema.hpp"

namespace millrace {

std::string json_schema(const Schema& schema);

// Tables of key, type, default and meaning, one per section.
std::string key_reference(const Schema& schema);

// `page` with what stands between its two marker lines replaced by the reference; an error if it has none.
Result<std::string> with_reference(std::string_view page, const std::string& reference);

}  // namespace millrace
