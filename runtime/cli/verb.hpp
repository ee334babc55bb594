// The verbs of `millrace-node`, one file each; main.cpp lists them in one table, in the order of --help.
#pragma once

#include "runtime/cli/program.hpp"

namespace millrace {

Verb add_agent_verb(CLI::App& program);
Verb add_calibrate_verb(CLI::App& program);
Verb add_clean_verb(CLI::App& program);
Verb add_eval_verb(CLI::App& program);
Verb add_profile_verb(CLI::App& program);
Verb add_shape_verb(CLI::App& program);

}  // namespace millrace
