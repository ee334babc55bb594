// What was found wrong after a scenario had been read, for the user.
#pragma once

#include "sim/cli/verb.hpp"

namespace millrace {

// Problems of --mode and --seed stand under the option that the user gave, not under the override that it
// became.
std::vector<Problem> by_option(const ScenarioArguments& arguments, std::vector<Problem> problems);
// One line in the log, at the line of the key that the error is about; returns its exit code.
int complain_of(const ScenarioArguments& arguments, const Error& error);

}  // namespace millrace
