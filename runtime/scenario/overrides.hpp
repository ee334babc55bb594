// `--set network.links[1].delay="10 ms"`: changes of a scenario's tree before it is checked, so that an
// override passes the same checks as the file. Maps and lists that are absent are created if the table knows
// them; the index one past a list's end appends an item. Of two overrides of one key the later wins. Setting
// one key of an alternative (rate or trace, images or microbatches, …) removes the other given by the file.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/problem.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

// Each override is KEY=VALUE. A VALUE that begins with [ { " or ' is YAML, any other is taken as plain text
// (so that `>= 9.5 /s` needs no quotes within quotes).
std::vector<Problem> apply_overrides(const Schema& schema, const std::vector<std::string>& overrides,
                                     YamlNode& root);

}  // namespace millrace
