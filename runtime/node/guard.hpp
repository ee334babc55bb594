// For drivers' calls of nodes and executors: turns third parties' exceptions into an Error.
#pragma once

#include <string>

#include "runtime/base/caught.hpp"

namespace millrace {

// `call` returns a Result. `attempt` begins the error of an exception.
template <class Call>
auto guarded(const std::string& attempt, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    return caught(attempt);
  }
}

}  // namespace millrace
