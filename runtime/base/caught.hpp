// What was thrown, as an Error. Where memory or threads end the sentence says so, and what to do: these come
// to every thread that works for a run, and none of them may end the process.
#pragma once

#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

// `attempt` begins the sentence. REQUIRES: called where an exception is being handled.
Error caught(const std::string& attempt);

// Keeps a little memory aside, again if it has been used up: the first allocation that fails frees it, so
// that there is some left to say so with.
void keep_memory_reserve();

}  // namespace millrace
