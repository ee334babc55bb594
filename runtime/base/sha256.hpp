// SHA-256 (FIPS 180-4) by OpenSSL: it identifies inputs in manifests, handshakes and outputs.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const std::byte> bytes);
  // 64 lower-case hexadecimal digits. REQUIRES: called once, last.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
// 64 lower-case hexadecimal digits, and so safe as the name of a file.
bool is_sha256(std::string_view text);
// Reads the file in pieces; an error names the path.
Result<std::string> sha256_of_file(const std::string& path);

}  // namespace millrace
