// What an evaluation tries at a cut: a codec, what shares its side information, and how many bits a value may
// take. No LibTorch here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/codec/codec.hpp"

namespace millrace {

inline constexpr std::string_view kNoCodec = "none";  // the row of unquantized fp32

struct Quantization {
  std::string codec{kNoCodec};          // as it was asked for: "naive" stays "naive"
  ScaleScope scope = ScaleScope::none;  // `none` where the codec has no side information
  double bits = 32;                     // its bit width, under the budget of just as many bits
  bool operator==(const Quantization&) const = default;
};

// Every codec with every scope and number of bits.
struct QuantizationGrid {
  std::vector<std::string> codecs;
  std::vector<ScaleScope> scopes{ScaleScope::image};
  std::vector<double> bits;
};

struct GridRows {
  std::vector<Quantization> rows;
  std::vector<std::string> notes;  // sentences about widths that a codec does not have
};

// In the order of the grid, each once: `bits` becomes the width that the codec takes for it (the widest that
// fits, else its narrowest), and a codec without side information has no scope, so fp16 is one row whatever
// was asked. "none" is skipped: fp32 is evaluated anyway. An unknown codec is an error that lists those
// known, as are bits that are not within 0.01..32.
Result<GridRows> rows_of(const QuantizationGrid& grid);

}  // namespace millrace
