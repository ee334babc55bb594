#include "runtime/base/check.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace millrace {

void check_failed(const char* expression, const char* file, int line, std::string_view message) {
  fmt::print(stderr, "{}:{}: internal error: {} does not hold{}{}; please report this\n", file, line,
             expression, message.empty() ? "" : ": ", message);
  std::fflush(stderr);
  std::abort();
}

}  // namespace millrace
