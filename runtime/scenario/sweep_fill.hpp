// Fills a struct from the `sweep:` block of a checked tree, and checks its parts against each other. Whether
// values suit their keys is not checked here: the reader checks each cell's values as overrides.
#pragma once

#include <optional>
#include <string>

#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/sweep_section.hpp"

namespace millrace {

// Nothing if the tree has no such block. Paths in the block are searched for in `folder`. Problems go to
// `log`; the value returned is then not to be used.
std::optional<SweepSection> fill_sweep(const Schema& schema, const Fields& fields, const std::string& folder,
                                       ProblemLog& log);

// The text after the `=` of an override that sets exactly this value, quoted where necessary.
std::string override_value(const YamlNode& node);

}  // namespace millrace
