// The parts of `millrace trace` that have a file of their own.
#pragma once

#include "sim/cli/verb.hpp"

namespace millrace {

Verb trace_plot_verb(CLI::App& trace);
Verb trace_synth_verb(CLI::App& trace);

}  // namespace millrace
