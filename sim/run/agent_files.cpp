#include "sim/run/agent_files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace millrace {

namespace {

namespace fs = std::filesystem;

std::string_view name_of(LogLevel level) {
  if (level == LogLevel::error) return "error";
  return level == LogLevel::warning ? "warning" : "note";
}

}  // namespace

AgentFiles::AgentFiles(const std::string& run_directory, bool echo)
    : folder_((fs::path(run_directory) / "agents").string()), echo_(echo) {
  std::error_code ignored;  // files of an earlier run must not be mistaken for this run's
  fs::remove_all(folder_, ignored);
}

void AgentFiles::on_log(const std::string& devices, const LogLine& line) {
  if (echo_ && line.level != LogLevel::note) log_line(line.level, fmt::format("{}: {}", devices, line.text));
  std::size_t& written = written_[devices];
  if (written > kMaxLog) return;
  auto text = fmt::format("{}: {}\n", name_of(line.level), line.text);
  written += text.size();
  if (written > kMaxLog) text += "note: this log is cut here\n";
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  std::ofstream(fs::path(folder_) / (devices + ".log"), std::ios::app) << text;
}

void AgentFiles::on_farewell(const std::string& devices, const Farewell& farewell) const {
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  std::ofstream(fs::path(folder_) / (devices + ".prom"), std::ios::trunc) << farewell.figures;
}

}  // namespace millrace
