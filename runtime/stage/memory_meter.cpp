#include "runtime/stage/memory_meter.hpp"

#include <malloc.h>

#include <fstream>
#include <string>

namespace millrace {

namespace {

// "VmHWM:     1234 kB"
std::optional<std::int64_t> status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::int64_t kib = 0;
    if (word == field + ":" && status >> kib) return kib * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> begin_memory_peak() {
  ::malloc_trim(0);
  std::ofstream forget("/proc/self/clear_refs");
  forget << "5" << std::flush;
  if (!forget) return std::nullopt;
  return status_bytes("VmRSS");
}

std::optional<std::int64_t> memory_peak() { return status_bytes("VmHWM"); }

}  // namespace millrace
