// The release of this build, from the project's version in CMakeLists.txt; both ends of a run must have the
// same.
#pragma once

namespace millrace {

extern const char* const kRelease;  // e.g. "0.1.0"

}  // namespace millrace
