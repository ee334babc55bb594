// Lines for people, on stderr. `error` means a non-zero exit follows; `warning` means "check this before
// trusting the result". Results go to files or, with --json, to stdout; never here.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace millrace {

enum class LogLevel { error, warning, note };

void log_line(LogLevel level, std::string_view text);
// Lines less urgent than `level` are dropped from now on; the default keeps all.
void log_threshold(LogLevel level);

template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_note(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::note, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace millrace
