// Where a driver calls a node or an executor: what third parties throw becomes an Error.
#pragma once

#include <exception>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

// `call` returns a Result. `attempt` begins the error of an exception.
template <class Call>
auto guarded(const std::string& attempt, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return Error{attempt + ": " + thrown.what()};
  } catch (...) {
    return Error{attempt + ": an exception without a text"};
  }
}

}  // namespace millrace
