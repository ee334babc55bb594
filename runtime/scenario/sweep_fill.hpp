// The `sweep:` block of a checked tree as a struct, and what its parts must be together. Whether its values
// suit their keys is not known here: the reader says so of each cell, as of every override.
#pragma once

#include <optional>
#include <string>

#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/sweep_section.hpp"

namespace millrace {

// Nothing where the tree has no such block. `folder` is where paths in the block are looked for first, as in
// the rest of the file. Problems go to `log`; what is returned then is not to be used.
std::optional<SweepSection> fill_sweep(const Schema& schema, const Fields& fields, const std::string& folder,
                                       ProblemLog& log);

// What follows the `=` of an override that sets this very value, its text quoted where it needs to be.
std::string override_value(const YamlNode& node);

}  // namespace millrace
