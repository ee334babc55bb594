// Loaded before the C library (LD_PRELOAD): one call that writes files below a folder fails. Surprising fact:
// calls are counted over all processes that inherit the environment, in a file that they share.
//
//   MILLRACE_FAIL_STATE   the shared file, of sizeof(State) bytes at least: how many calls of each kind there
//                         were, and the path of the one that failed; unset: nothing is counted
//   MILLRACE_FAIL_BELOW   an absolute path; calls for files elsewhere are neither counted nor failed
//   MILLRACE_FAIL_KIND    open (to write), write, sync, rename, close (of what was open to write) or mkdir
//   MILLRACE_FAIL_AT      which call of that kind fails, from 1; 0: none
//   MILLRACE_FAIL_ERRNO   the number of the error
//   MILLRACE_FAIL_ONWARDS set: as on a full disk, write number AT takes half of its bytes, and all later ones
//                         fail
//
// What the C library does inside itself is not seen: fwrite() is a write here, its buffer's flush is none.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr std::array<std::string_view, 6> kKinds{"open", "write", "sync", "rename", "close", "mkdir"};
enum Kind : std::uint8_t { kOpen, kWrite, kSync, kRename, kClose, kMkdir };
enum class Verdict : std::uint8_t { pass, half, fail };

struct State {
  std::array<std::int64_t, kKinds.size()> calls;
  char failed[PATH_MAX];
};

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : std::string(text);
}

// Read once: nobody changes the environment of a program that runs.
struct Wish {
  State* state = nullptr;
  std::string below, kind;
  std::int64_t at = 0;
  int error = 0;
  bool onwards = false;
};

template <class Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) static auto* const real_##name = real(&::name, #name)

Wish read_wish() {
  REAL(open);
  REAL(close);
  Wish wish{.below = variable("MILLRACE_FAIL_BELOW") + "/", .kind = variable("MILLRACE_FAIL_KIND")};
  wish.at = std::atoll(variable("MILLRACE_FAIL_AT").c_str());
  wish.error = std::atoi(variable("MILLRACE_FAIL_ERRNO").c_str());
  wish.onwards = !variable("MILLRACE_FAIL_ONWARDS").empty();
  const auto name = variable("MILLRACE_FAIL_STATE");
  const int file = name.empty() ? -1 : real_open(name.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return wish;
  void* const memory = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  real_close(file);
  if (memory != MAP_FAILED) wish.state = static_cast<State*>(memory);
  return wish;
}

// What becomes of a call of `kind` for `path`; errno is set where it fails.
Verdict verdict(Kind kind, std::string_view path) {
  static const Wish wish = read_wish();
  if (wish.state == nullptr || !path.starts_with(wish.below)) return Verdict::pass;
  const auto number = __atomic_add_fetch(&wish.state->calls[kind], 1, __ATOMIC_SEQ_CST);
  if (wish.at == 0 || kKinds[kind] != wish.kind) return Verdict::pass;
  if (wish.onwards ? number < wish.at : number != wish.at) return Verdict::pass;
  if (number == wish.at) path.substr(0, PATH_MAX - 1).copy(wish.state->failed, PATH_MAX - 1);
  errno = wish.error;
  return wish.onwards && number == wish.at && kind == kWrite ? Verdict::half : Verdict::fail;
}

// The path of a descriptor, where it is a regular file that may be written to.
std::string path_of(int descriptor) {
  const int kept = errno;
  std::string path;
  struct stat about {};
  if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
      (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY) {
    char text[PATH_MAX];
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = readlink(link.c_str(), text, sizeof text);
    if (size > 0) path.assign(text, static_cast<std::size_t>(size));
  }
  errno = kept;
  return path;
}

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY && (flags & O_DIRECTORY) == 0; }
bool writes(const char* mode) { return std::strpbrk(mode, "wa+") != nullptr; }
bool fails(Kind kind, const char* path) { return verdict(kind, path) != Verdict::pass; }
bool fails(Kind kind, int descriptor) { return verdict(kind, path_of(descriptor)) != Verdict::pass; }

// `write_so_much(bytes)` is the real call.
template <class Call>
ssize_t written(int descriptor, std::size_t size, Call write_so_much) {
  switch (verdict(kWrite, path_of(descriptor))) {
    case Verdict::pass:
      return write_so_much(size);
    case Verdict::half:
      return size < 2 ? -1 : write_so_much(size / 2);
    case Verdict::fail:
      break;
  }
  return -1;
}

// The file is closed as Linux does it: whatever it then says.
template <class Close>
int closed(int descriptor, Close really_close) {
  const bool fail = fails(kClose, descriptor);
  const int reason = errno;
  const int result = really_close();
  if (!fail) return result;
  errno = reason;
  return -1;
}

mode_t mode_of(int flags, std::va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 : static_cast<mode_t>(va_arg(more, unsigned));
}

}  // namespace

// NOLINTBEGIN: the C library's own names and signatures.
extern "C" {

#define OPEN(name)                                      \
  int name(const char* path, int flags, ...) {          \
    REAL(name);                                         \
    std::va_list more;                                  \
    va_start(more, flags);                              \
    const mode_t mode = mode_of(flags, more);           \
    va_end(more);                                       \
    if (writes(flags) && fails(kOpen, path)) return -1; \
    return real_##name(path, flags, mode);              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
  int name(int folder, const char* path, int flags, ...) { \
    REAL(name);                                            \
    std::va_list more;                                     \
    va_start(more, flags);                                 \
    const mode_t mode = mode_of(flags, more);              \
    va_end(more);                                          \
    if (writes(flags) && fails(kOpen, path)) return -1;    \
    return real_##name(folder, path, flags, mode);         \
  }
OPENAT(openat)
OPENAT(openat64)

#define MKOSTEMP(name)                                         \
  int name(char* path, int flags) {                            \
    REAL(name);                                                \
    return fails(kOpen, path) ? -1 : real_##name(path, flags); \
  }
MKOSTEMP(mkostemp)
MKOSTEMP(mkostemp64)

#define FOPEN(name)                                         \
  std::FILE* name(const char* path, const char* mode) {     \
    REAL(name);                                             \
    if (writes(mode) && fails(kOpen, path)) return nullptr; \
    return real_##name(path, mode);                         \
  }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int file, const void* bytes, std::size_t size) {
  REAL(write);
  return written(file, size, [&](std::size_t some) { return real_write(file, bytes, some); });
}

ssize_t writev(int file, const struct iovec* pieces, int count) {
  REAL(writev);
  return written(file, 1, [&](std::size_t) { return real_writev(file, pieces, count); });
}

#define PWRITE(name)                                                                                  \
  ssize_t name(int file, const void* bytes, std::size_t size, off_t at) {                             \
    REAL(name);                                                                                       \
    return written(file, size, [&](std::size_t some) { return real_##name(file, bytes, some, at); }); \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

std::size_t fwrite(const void* bytes, std::size_t size, std::size_t count, std::FILE* file) {
  REAL(fwrite);
  return fails(kWrite, fileno(file)) ? 0 : real_fwrite(bytes, size, count, file);
}

#define SYNC(name)                                      \
  int name(int file) {                                  \
    REAL(name);                                         \
    return fails(kSync, file) ? -1 : real_##name(file); \
  }
SYNC(fsync)
SYNC(fdatasync)

int close(int file) {
  REAL(close);
  return closed(file, [&] { return real_close(file); });
}

int fclose(std::FILE* file) {
  REAL(fclose);
  return closed(fileno(file), [&] { return real_fclose(file); });
}

int rename(const char* from, const char* to) {
  REAL(rename);
  return fails(kRename, to) ? -1 : real_rename(from, to);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  REAL(renameat);
  return fails(kRename, to) ? -1 : real_renameat(from_folder, from, to_folder, to);
}

int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  return fails(kMkdir, path) ? -1 : real_mkdir(path, mode);
}

}  // extern "C"
// NOLINTEND
