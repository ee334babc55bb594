#include "runtime/base/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as in Linux
constexpr auto kReaderPatience = std::chrono::seconds(60);
constexpr auto kReaderPoll = std::chrono::milliseconds(20);
constexpr auto kReaderNote = std::chrono::seconds(1);

// The place that a path leads to, all links followed.
struct Place {
  std::string asked, path;
  std::optional<int> own{};            // a descriptor of this process
  std::optional<struct stat> there{};  // of the file that exists already

  bool is(mode_t type) const { return there && (there->st_mode & S_IFMT) == type; }
  std::string name() const {
    return asked == path || own ? asked : fmt::format("{} (a link to {})", asked, path);
  }
  Error error(std::string_view finding) const {
    return {fmt::format("{}: cannot be written: {}", name(), finding)};
  }
  Error system_error() const { return error(std::strerror(errno)); }
};

// The descriptor that a path such as /dev/fd/7 names.
std::optional<int> own_descriptor(const std::string& path) {
  if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const char* const end = path.data() + path.size();
    int number = -1;
    const auto read = std::from_chars(path.data() + folder.size(), end, number);
    if (read.ec == std::errc() && read.ptr == end && number >= 0) return number;
  }
  return std::nullopt;
}

Result<Place> find_place(const std::string& asked) {
  Place place{.asked = asked, .path = asked};
  if (asked.empty()) return Error{"\"\": cannot be written: the path is empty", ExitCode::usage};
  for (int links = 0;; ++links) {
    place.own = own_descriptor(place.path);
    if (place.own) return place;
    if (links > kMostLinks) return place.error("its links lead in a circle");
    std::error_code no_link;
    const auto next = fs::read_symlink(place.path, no_link);
    if (no_link) break;
    place.path = next.is_absolute() ? next.string() : (fs::path(place.path).parent_path() / next).string();
  }
  struct stat there {};
  if (stat(place.path.c_str(), &there) == 0)
    place.there = there;
  else if (errno != ENOENT)
    return place.system_error();
  if (place.is(S_IFDIR)) return place.error("it is a folder");
  if (place.is(S_IFSOCK)) return place.error("it is a socket");
  return place;
}

std::string folder_of(const Place& place) {
  const auto folder = fs::path(place.path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<void> write_all(const Place& place, int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(to, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return place.system_error();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// A FIFO can be opened once somebody reads from it. After a second a note says that this command waits.
Result<int> open_fifo(const Place& place) {
  const auto begin = std::chrono::steady_clock::now();
  bool noted = false;
  for (;;) {
    const int file = ::open(place.path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0) {
      (void)fcntl(file, F_SETFL, 0);
      return file;
    }
    if (errno != ENXIO) return place.system_error();
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (waited > kReaderPatience || interrupt_requested())
      return place.error(fmt::format("it is a FIFO, and nobody has opened it for reading in {} s",
                                     std::chrono::duration_cast<std::chrono::seconds>(waited).count()));
    if (!noted && waited > kReaderNote) {
      noted = true;
      log_note("{}: a FIFO; waiting until somebody reads from it", place.name());
    }
    std::this_thread::sleep_for(kReaderPoll);
  }
}

enum class Old : std::uint8_t { cut, kept };

// Opens the existing file for writing; a regular file is created if it is missing, and its old content is
// truncated or kept.
Result<int> open_in_place(const Place& place, Old old = Old::cut) {
  if (place.own) {
    std::fflush(*place.own == STDERR_FILENO ? stderr : stdout);  // keeps earlier output in front
    const int copy = fcntl(*place.own, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return place.system_error();
    return copy;
  }
  if (place.is(S_IFIFO)) return open_fifo(place);
  const int made = place.there ? 0 : O_CREAT;
  const bool regular = !place.there || place.is(S_IFREG);
  const int cut = !regular ? 0 : old == Old::cut ? O_TRUNC : O_APPEND;
  const int file = ::open(place.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | made | cut, 0666);
  if (file < 0) return place.system_error();
  return file;
}

Result<void> write_in_place(const Place& place, std::string_view bytes) {
  const auto file = open_in_place(place);
  if (!file) return file.error();
  auto written = write_all(place, *file, bytes);
  if (::close(*file) != 0 && written) return place.system_error();
  return written;
}

// Whether a new file may replace the old one without losing any of its properties.
bool may_be_replaced(const Place& place) {
  if (place.own || (place.there && !place.is(S_IFREG))) return false;
  if (place.there && place.there->st_nlink > 1) return false;
  return access(folder_of(place).c_str(), W_OK | X_OK) == 0;
}

// A new file in the same folder, so that renaming is possible. Its name is not derived from the final one,
// which may already have the greatest length.
Result<int> create_beside(const Place& place, std::string& name) {
  static std::atomic<unsigned> count{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    name = fmt::format("{}/.millrace-{}-{}.partial", folder_of(place), getpid(), count++);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) return file;
    if (errno != EEXIST) return place.system_error();
  }
  return place.system_error();
}

Result<void> replace(const Place& place, std::string_view bytes, bool synchronized) {
  std::string beside;
  const auto file = create_beside(place, beside);
  if (!file) return file.error();
  if (place.there) {
    (void)!fchown(*file, place.there->st_uid, place.there->st_gid);
    (void)fchmod(*file, place.there->st_mode & 07777);
  }
  auto written = write_all(place, *file, bytes);
  if (written && synchronized && fsync(*file) != 0) written = place.system_error();
  if (::close(*file) != 0 && written) written = place.system_error();
  if (written && std::rename(beside.c_str(), place.path.c_str()) == 0) return {};
  const int refused = written ? errno : 0;
  (void)::unlink(beside.c_str());
  if (!written) return written;
  if (refused == EBUSY || refused == EXDEV) return write_in_place(place, bytes);  // it is a mount
  return place.error(std::strerror(refused));
}

Result<void> write(const std::string& path, std::string_view bytes, bool synchronized) {
  if (auto possible = check_output(path); !possible) return possible;
  const auto place = find_place(path);
  if (!place) return place.error();
  return may_be_replaced(*place) ? replace(*place, bytes, synchronized) : write_in_place(*place, bytes);
}

}  // namespace

bool is_standard_output(const std::string& path) {
  const auto place = find_place(path);
  return place && place->own == STDOUT_FILENO;
}

Result<void> write_output(const std::string& path, std::string_view bytes) {
  return write(path, bytes, true);
}

Result<void> write_output_lazily(const std::string& path, std::string_view bytes) {
  return write(path, bytes, false);
}

Result<void> check_output(const std::string& path) {
  const auto place = find_place(path);
  if (!place) return place.error();
  if (place->own) return fcntl(*place->own, F_GETFD) < 0 ? place->system_error() : Result<void>{};
  const auto wanted = place->there ? place->path : folder_of(*place);
  if (access(wanted.c_str(), place->there ? W_OK : W_OK | X_OK) == 0) return {};
  return place->system_error();
}

Result<OutputStream> OutputStream::open(const std::string& path) {
  const auto place = find_place(path);
  if (!place) return place.error();
  const auto file = open_in_place(*place);
  if (!file) return file.error();
  return OutputStream(place->name(), *file, !place->own);
}

Result<OutputStream> OutputStream::open_to_add(const std::string& path) {
  const auto place = find_place(path);
  if (!place) return place.error();
  const auto file = open_in_place(*place, Old::kept);
  if (!file) return file.error();
  return OutputStream(place->name(), *file, !place->own);
}

OutputStream::OutputStream(OutputStream&& other) noexcept
    : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)), ours_(other.ours_) {}

OutputStream::~OutputStream() {
  if (descriptor_ >= 0) (void)::close(descriptor_);
}

Result<void> OutputStream::append(std::string_view bytes) {
  struct stat before {};
  const bool can_be_cut = ours_ && fstat(descriptor_, &before) == 0 && S_ISREG(before.st_mode);
  auto written = write_all({.asked = name_, .path = name_}, descriptor_, bytes);
  if (written || !can_be_cut) return written;
  (void)!ftruncate(descriptor_, before.st_size);
  (void)lseek(descriptor_, before.st_size, SEEK_SET);
  return written;
}

Result<void> OutputStream::close() {
  const int file = std::exchange(descriptor_, -1);
  if (file >= 0 && ::close(file) != 0)
    return Error{fmt::format("{}: cannot be written: {}", name_, std::strerror(errno))};
  return {};
}

}  // namespace millrace
