#include "runtime/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace millrace {

namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made =
        std::make_shared<spdlog::logger>("millrace", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%^%l%$: %v");
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::note:
      return spdlog::level::info;
  }
  return spdlog::level::info;
}

}  // namespace

void log_line(LogLevel level, std::string_view text) { logger().log(spdlog_level(level), text); }

void log_threshold(LogLevel level) { logger().set_level(spdlog_level(level)); }

}  // namespace millrace
