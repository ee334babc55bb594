// The pictures are analysis/'s: whoever draws hands over to one of its scripts.
#pragma once

#include <string>
#include <vector>

namespace millrace {

// This process becomes Python with that script, `--millrace PROGRAM` and the arguments. Returns (an exit
// code, and an error in the log) only where that failed.
int become_picture_script(const std::string& script, const std::vector<std::string>& arguments);

}  // namespace millrace
