#include "runtime/base/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>

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

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::note:
      return "note";
  }
  return "note";
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", text, ms);
}

std::atomic<bool>& as_json() {
  static std::atomic<bool> json = false;
  return json;
}

struct Listening {
  std::mutex mutex;
  std::function<void(LogLevel, std::string_view)> listener;
};

Listening& listening() {
  static Listening one;
  return one;
}

}  // namespace

std::string json_log_line(LogLevel level, std::string_view text, std::string_view utc) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      escaped += '\\';
      escaped += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      escaped += fmt::format("\\u{:04x}", byte);
    } else {
      escaped += c;
    }
  }
  return fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":\"{}\"}}", utc, name_of(level), escaped);
}

void log_line(LogLevel level, std::string_view text) {
  if (!logger().should_log(spdlog_level(level))) return;
  if (as_json()) {
    logger().log(spdlog_level(level), json_log_line(level, text, utc_now()));
  } else {
    logger().log(spdlog_level(level), text);
  }
  const std::lock_guard lock(listening().mutex);
  if (listening().listener) listening().listener(level, text);
}

void log_threshold(LogLevel level) { logger().set_level(spdlog_level(level)); }

void log_format(LogFormat format) {
  as_json() = format == LogFormat::json;
  logger().set_pattern(format == LogFormat::json ? "%v" : "%^%l%$: %v");
}

void log_listener(std::function<void(LogLevel, std::string_view)> listener) {
  const std::lock_guard lock(listening().mutex);
  listening().listener = std::move(listener);
}

}  // namespace millrace
