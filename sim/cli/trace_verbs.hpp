// The parts of `millrace trace` that have a file of their own.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "sim/cli/verb.hpp"

namespace millrace {

Verb trace_plot_verb(CLI::App& trace);
Verb trace_synth_verb(CLI::App& trace);

// Whole or not at all: written beside `path` first, then renamed.
Result<void> write_trace_text(const std::string& path, const std::string& text);

}  // namespace millrace
