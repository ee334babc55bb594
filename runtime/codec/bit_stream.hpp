// A stream of numbers of a few bits, for rare or incompressible data: bits fill each byte from its lowest bit
// on, as in bit_packing.hpp, but every number has its own width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace {

class BitWriter {
 public:
  // REQUIRES 0 <= width <= 32, value < 2^width.
  void put(std::uint32_t value, int width) {
    held_ |= std::uint64_t{value} << count_;
    count_ += width;
    for (; count_ >= 8; count_ -= 8, held_ >>= 8) bytes_.push_back(static_cast<std::byte>(held_ & 0xff));
  }
  // The bytes so far; the bits after the last number are 0.
  std::vector<std::byte> finish() {
    if (count_ > 0) bytes_.push_back(static_cast<std::byte>(held_ & 0xff));
    held_ = 0, count_ = 0;
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

class BitReader {
 public:
  // `bytes` must outlive the reader.
  explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // REQUIRES 0 <= width <= 32. Past the end this reads zeros, and ended() is then false.
  std::uint32_t take(int width) {
    while (count_ < width) {
      const std::uint64_t next = at_ < bytes_.size() ? static_cast<std::uint64_t>(bytes_[at_]) : 0;
      ++at_;
      held_ |= next << count_;
      count_ += 8;
    }
    const auto value = static_cast<std::uint32_t>(held_ & ((std::uint64_t{1} << width) - 1));
    held_ >>= width;
    count_ -= width;
    return value;
  }
  // Whether exactly the given bytes were taken and the rest of the last byte is 0.
  bool ended() const { return at_ == bytes_.size() && held_ == 0; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

}  // namespace millrace
