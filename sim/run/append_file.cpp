#include "sim/run/append_file.hpp"

namespace millrace {

Result<AppendFile> AppendFile::create(const std::string& path) {
  auto file = OutputStream::open(path);
  if (!file) return file.error();
  return AppendFile(std::move(*file));
}

void AppendFile::append(std::string_view piece) {
  buffer_.append(piece);
  if (buffer_.size() > kBuffer || Clock::now() - flushed_ > kPeriod) flush();
}

// Behind a piece that is missing nothing may follow.
void AppendFile::flush() {
  if (state_ && !buffer_.empty()) state_ = file_.append(buffer_);
  buffer_.clear();
  flushed_ = Clock::now();
}

Result<void> AppendFile::close() {
  flush();
  auto closed = file_.close();
  return state_ ? closed : state_;
}

}  // namespace millrace
