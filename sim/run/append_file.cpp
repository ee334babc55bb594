#include "sim/run/append_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace millrace {

Result<AppendFile> AppendFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return Error{fmt::format("{}: cannot be written: {}", path, std::strerror(errno))};
  std::setvbuf(file, nullptr, _IONBF, 0);  // our buffer holds whole pieces; a second one would cut them
  return AppendFile(path, file);
}

void AppendFile::append(std::string_view piece) {
  buffer_.append(piece);
  if (buffer_.size() > kBuffer || Clock::now() - flushed_ > kPeriod) flush();
}

void AppendFile::flush() {
  if (!buffer_.empty() && std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) {
    error_ = errno;
  }
  buffer_.clear();
  flushed_ = Clock::now();
}

Result<void> AppendFile::check() {
  if (error_ == 0) return {};
  return Error{fmt::format("{}: cannot be written: {}", path_, std::strerror(std::exchange(error_, 0)))};
}

}  // namespace millrace
