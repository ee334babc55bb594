// Names that nobody can guess, from the system's random numbers: for telling runs apart, never for results.
#pragma once

#include <string>

namespace millrace {

// 32 hexadecimal digits.
std::string unguessable_name();

}  // namespace millrace
