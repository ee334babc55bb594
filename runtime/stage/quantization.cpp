#include "runtime/stage/quantization.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "runtime/codec/encoding.hpp"

namespace millrace {

namespace {

constexpr double kFewestBits = 0.01, kMostBits = 32;

// The scope that the codec really uses, read from the header of an encoding.
Result<ScaleScope> scope_taken(const Codec& codec, Budget budget) {
  constexpr std::array<float, 4> kValues{-1, 0, 1, 2};
  Buffer bytes;
  codec.encode({kValues, {1, 1, 4}, TensorRole::residual}, budget, bytes);
  const auto header = read_header(bytes);
  if (!header) return header.error();
  return header->scope;
}

}  // namespace

Result<GridRows> rows_of(const QuantizationGrid& grid) {
  GridRows found;
  for (const double bits : grid.bits) {
    if (!(bits >= kFewestBits && bits <= kMostBits))
      return Error{fmt::format("bits per value must be {} to {}, got {}", kFewestBits, kMostBits, bits),
                   ExitCode::invalid_input};
  }
  for (const std::string& name : grid.codecs) {
    if (name == kNoCodec) continue;
    std::set<double> missing, taken_instead;
    for (const ScaleScope scope : grid.scopes) {
      const auto codec = make_codec({.name = name, .scope = scope});
      if (!codec) return codec.error();
      for (const double bits : grid.bits) {
        const Budget budget{bits};
        const auto taken = scope_taken(**codec, budget);
        if (!taken) return taken.error();
        const Quantization row{name, *taken, (*codec)->bit_width(budget)};
        if (row.bits != bits) {
          missing.insert(bits);
          taken_instead.insert(row.bits);
        }
        if (std::ranges::find(found.rows, row) == found.rows.end()) found.rows.push_back(row);
      }
    }
    if (!missing.empty())
      found.notes.push_back(fmt::format("{} does not have the width {}: evaluated at {}", name,
                                        fmt::join(missing, ", "), fmt::join(taken_instead, ", ")));
  }
  return found;
}

}  // namespace millrace
