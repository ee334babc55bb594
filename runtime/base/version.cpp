#include "runtime/base/version.hpp"

namespace millrace {

const char* const kRelease = MILLRACE_RELEASE;

}  // namespace millrace
