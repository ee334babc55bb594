// The release this was built as, from the project's version in CMakeLists.txt; both ends of a run must agree
// on it.
#pragma once

namespace millrace {

extern const char* const kRelease;  // e.g. "0.1.0"

}  // namespace millrace
