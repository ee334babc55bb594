// The `network` of a scenario as YAML, every default written out.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/yaml_writer.hpp"

namespace millrace {

void write_network(Writer& out, const NetworkSection& network);

}  // namespace millrace
