// Reports problems that are found after a scenario has been read.
#pragma once

#include "sim/cli/verb.hpp"

namespace millrace {

// Renames problems of --mode and --seed to the option that the user gave, from the override made of it.
std::vector<Problem> by_option(const ScenarioArguments& arguments, std::vector<Problem> problems);
// Logs one line, with the place of the key that the error is about; returns the error's exit code.
int complain_of(const ScenarioArguments& arguments, const Error& error);

}  // namespace millrace
