#include "sim/run/agent_files.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "runtime/base/output_file.hpp"

namespace millrace {

namespace {

namespace fs = std::filesystem;

std::string_view name_of(LogLevel level) {
  if (level == LogLevel::error) return "error";
  return level == LogLevel::warning ? "warning" : "note";
}

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{fmt::format("{}: cannot be made: {}", path, error.message())};
  return {};
}

Result<void> add_to(const std::string& path, const std::string& text) {
  auto file = OutputStream::open_to_add(path);
  if (!file) return file.error();
  auto written = file->append(text);
  auto closed = file->close();
  return written ? closed : written;
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
  note(make_folder(folder_));
  note(add_to((fs::path(folder_) / (devices + ".log")).string(), text));
}

void AgentFiles::on_farewell(const std::string& devices, const Farewell& farewell) {
  note(make_folder(folder_));
  note(write_output_lazily((fs::path(folder_) / (devices + ".prom")).string(), farewell.figures));
}

void AgentFiles::note(const Result<void>& written) {
  if (state_) state_ = written;
}

}  // namespace millrace
