#include "runtime/weights/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace millrace {

namespace {

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  const auto error = [](const char* attempt) {
    return Error{fmt::format("{}: {}", attempt, std::strerror(errno)), ExitCode::invalid_input};
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return error("cannot open the file");
  struct stat status {};
  void* start = MAP_FAILED;
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  if (regular && status.st_size > 0)
    start = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  const int mapping_errno = errno;
  ::close(file);
  if (!regular) return Error{"not a regular file", ExitCode::invalid_input};
  if (status.st_size == 0) return Error{"the file is empty", ExitCode::invalid_input};
  errno = mapping_errno;
  if (start == MAP_FAILED) return error("cannot map the file");
  return std::shared_ptr<const MappedFile>(new MappedFile(start, static_cast<std::size_t>(status.st_size)));
}

MappedFile::~MappedFile() { ::munmap(start_, size_); }

void MappedFile::release(std::span<const std::byte> part) const {
  const std::size_t page = page_size();
  const auto offset = static_cast<std::size_t>(part.data() - static_cast<const std::byte*>(start_));
  const std::size_t begin = (offset + page - 1) / page * page, end = (offset + part.size()) / page * page;
  // Only advice: reads are correct without it.
  if (begin < end) (void)::madvise(static_cast<std::byte*>(start_) + begin, end - begin, MADV_DONTNEED);
}

void MappedFile::fault_in(std::span<const std::byte> part) const {
  for (std::size_t i = 0; i < part.size(); i += page_size())
    (void)*static_cast<const volatile std::byte*>(part.data() + i);
}

}  // namespace millrace
