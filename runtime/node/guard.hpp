// Where a driver calls a node or an executor: what third parties throw becomes an Error.
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
