// The unpacking of trace files under arbitrary bytes: the output is bounded, or an error names the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/check.hpp"
#include "sim/trace/trace_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  const int file = memfd_create("trace", MFD_CLOEXEC);
  MR_CHECK(file >= 0 && write(file, bytes, size) == static_cast<ssize_t>(size));
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const auto content = read_trace_file(path);
  MR_CHECK(!content || content->size() <= kMaxTraceFileBytes);
  MR_CHECK(content || content.error().message.starts_with(path + ":"));
  if (const auto rate = read_trace(path, {}); rate) MR_CHECK(content.ok(), "what was read can be unpacked");
  close(file);
  return 0;
}
