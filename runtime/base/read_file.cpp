#include "runtime/base/read_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace millrace {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  const auto unreadable = [] {
    return Error{fmt::format("cannot be read: {}", std::strerror(errno)), ExitCode::invalid_input};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return unreadable();
  std::string text;
  for (;;) {
    const auto before = text.size();
    const auto wanted = std::min(std::max(kPiece, before), limit + 1 - before);  // the size doubles
    text.resize(before + wanted);
    const auto got = std::fread(text.data() + before, 1, wanted, file.get());
    text.resize(before + got);
    if (text.size() > limit)
      return Error{fmt::format("larger than {} bytes", limit), ExitCode::invalid_input};
    if (got == wanted) continue;
    if (std::ferror(file.get()) != 0) return unreadable();
    return text;
  }
}

}  // namespace millrace
