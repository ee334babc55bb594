// Lines for people, on stderr. `error` means a non-zero exit follows; `warning` means "check this before
// trusting the result". Results go to files or, with --json, to stdout; never here.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>

namespace millrace {

enum class LogLevel { error, warning, note };

void log_line(LogLevel level, std::string_view text);
// Lines less urgent than `level` are dropped from now on; the default keeps all.
void log_threshold(LogLevel level);

// text: "warning: ...". json: an object per line with time (UTC), level and message, for programs that
// collect logs; bytes that are not printable ASCII are escaped.
enum class LogFormat { text, json };
void log_format(LogFormat format);
std::string json_log_line(LogLevel level, std::string_view text, std::string_view utc);

// `listener` gets every line that is not dropped, on the thread that logs it; an empty one turns this off.
// Once this has returned, the previous listener is not called any more. A listener must not log.
void log_listener(std::function<void(LogLevel, std::string_view)> listener);

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
