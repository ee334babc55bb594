// Pictures are drawn by the scripts of analysis/: a verb that draws executes one of them.
#pragma once

#include <string>
#include <vector>

namespace millrace {

// Replaces this process by Python with that script, `--millrace PROGRAM` and the arguments. Returns only if
// that failed: an exit code, after logging an error.
int become_picture_script(const std::string& script, const std::vector<std::string>& arguments);

}  // namespace millrace
