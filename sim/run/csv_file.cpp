#include "sim/run/csv_file.hpp"

#include <cerrno>
#include <cstring>

namespace millrace {

Result<CsvFile> CsvFile::create(const std::string& path, const std::string& header) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Error{fmt::format("{}: cannot be written: {}", path, std::strerror(errno))};
  std::setvbuf(file, nullptr, _IONBF, 0);  // our buffer holds whole lines; a second one would cut them
  CsvFile csv(path, file);
  csv.buffer_ = header + "\n";
  csv.flush();
  if (auto sound = csv.check(); !sound) return sound.error();
  return csv;
}

void CsvFile::flush() {
  if (!buffer_.empty() && std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size())
    error_ = errno;
  buffer_.clear();
  flushed_ = Clock::now();
}

Result<void> CsvFile::check() {
  if (error_ == 0) return {};
  return Error{fmt::format("{}: cannot be written: {}", path_, std::strerror(std::exchange(error_, 0)))};
}

}  // namespace millrace
