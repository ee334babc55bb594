// MR_CHECK: our own mistakes end the process at once, in release builds too. Never for bad input, which is a
// Result<T>.
#pragma once

#include <string_view>

namespace millrace {

[[noreturn]] void check_failed(const char* expression, const char* file, int line, std::string_view message);

}  // namespace millrace

// MR_CHECK(condition) or MR_CHECK(condition, "what was expected").
#define MR_CHECK(condition, ...) \
  (static_cast<bool>(condition)  \
       ? void(0)                 \
       : ::millrace::check_failed(#condition, __FILE__, __LINE__, ::std::string_view{__VA_ARGS__}))
