// What was found wrong after a scenario had been read, for the user.
#pragma once

#include "sim/cli/verb.hpp"

namespace millrace {

// One line in the log, at the line of the key that the error is about; returns its exit code.
int complain_of(const ScenarioArguments& arguments, const Error& error);

}  // namespace millrace
