// What an evaluation tries at a cut: a codec, the scope of its side information, and the bits per value. No
// LibTorch here.
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
  std::string codec{kNoCodec};          // as requested: "naive" stays "naive"
  ScaleScope scope = ScaleScope::none;  // `none` if the codec has no side information
  double bits = 32;                     // the codec's bit width, and the budget it is given
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

// The rows in the order of the grid, each once: `bits` becomes the width that the codec takes for it (the
// widest that fits, else its narrowest), and a codec without side information has no scope, so fp16 is always
// one row. "none" is skipped: fp32 is evaluated anyway. An unknown codec is an error that lists the known
// ones; bits outside 0.01..32 are an error too.
Result<GridRows> rows_of(const QuantizationGrid& grid);

}  // namespace millrace
