#include "runtime/base/unguessable.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>

#include "runtime/base/check.hpp"

namespace millrace {

std::string unguessable_name() {
  std::array<unsigned char, 16> bytes{};
  MR_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "the system has random numbers");
  std::string text;
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

}  // namespace millrace
