// libFuzzer entry: any bytes as a device profile. Nothing throws, and a profile that is accepted survives
// being written and read again.
#include <cstddef>
#include <cstdint>

#include "runtime/model/profile_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read =
      millrace::parse_profile(std::string(reinterpret_cast<const char*>(bytes), size), "fuzz.yaml");
  if (!read) return 0;
  const std::string written = millrace::profile_text(*read);
  const auto back = millrace::parse_profile(written, "back.yaml");
  MR_CHECK(back.ok(), "a written profile reads back");
  MR_CHECK(millrace::profile_text(*back) == written, "a written profile reads back the same");
  return 0;
}
