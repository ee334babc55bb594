// A caught exception as an Error. If memory or threads have run out, the message says so and what to do about
// it: this can happen on any thread that works for a run, and must not end the process.
#pragma once

#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

// `attempt` begins the sentence. REQUIRES: called where an exception is being handled.
Error caught(const std::string& attempt);

// Keeps a little memory in reserve; a call after the reserve was used up renews it. The first allocation that
// fails frees the reserve, so that there is memory left to report the failure.
void keep_memory_reserve();

}  // namespace millrace
