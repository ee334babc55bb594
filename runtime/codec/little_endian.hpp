// Numbers to and from little-endian bytes at any alignment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace millrace {

// True of every supported machine; a big-endian port would swap bytes in these two functions and in the
// codecs that copy whole spans.
static_assert(std::endian::native == std::endian::little);

template <class Number>
void store_le(std::byte* to, Number value) {
  static_assert(std::is_arithmetic_v<Number>);
  std::memcpy(to, &value, sizeof value);
}

template <class Number>
Number load_le(const std::byte* from) {
  static_assert(std::is_arithmetic_v<Number>);
  Number value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace millrace
