// The symbol probabilities of the klt codec: distributions measured when calibrating are kept as quantiles,
// and the tables of any step are computed from these in integers, so that both ends have the same tables
// whatever their processors and libraries.
//
// A distribution has its quantiles at the probabilities kLevels/2^16 and is uniform between two of them.
// Symbol s represents the values in ((s - 1/2)·step, (s + 1/2)·step). A table holds a run of symbols and,
// last, the escape, which represents every other symbol. If the run would be longer than kMaxSymbols, its
// symbols are those of a coarser step, 2^raw_bits times as wide, and the raw bits that tell them apart are
// sent as extras.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codec/rans.hpp"

namespace millrace {

inline constexpr std::size_t kQuantiles = 41;
inline constexpr std::array<std::int32_t, kQuantiles> kLevels = [] {
  std::array<std::int32_t, kQuantiles> levels{0, 16, 64, 256, 1024};
  for (std::size_t j = 1; j < 32; ++j) levels[4 + j] = 2048 * static_cast<std::int32_t>(j);
  for (std::size_t i = 0; i < 5; ++i) levels[kQuantiles - 1 - i] = 65536 - levels[i];
  return levels;
}();

// Quantiles in units of 2^-12, strictly increasing, within ±2^24.
struct Distribution {
  std::array<std::int32_t, kQuantiles> quantiles{};
  bool operator==(const Distribution&) const = default;
};
inline constexpr int kQuantileBits = 12;
inline constexpr std::int32_t kMaxQuantile = 1 << 24;
bool is_valid(const Distribution& distribution);

// The normal distribution and the Laplace distribution of mean 0 and this standard deviation, in units of
// 2^-12. REQUIRES 2^-8 <= sigma <= 2^10 once the unit is applied.
Distribution normal_distribution(std::int32_t sigma);
Distribution laplace_distribution(std::int32_t sigma);

// A step is 2^(index/kStepsPerOctave), in units of a token's size.
inline constexpr int kStepsPerOctave = 64;
inline constexpr int kFinestStep = -10 * kStepsPerOctave, kCoarsestStep = 4 * kStepsPerOctave;
// The step in units of 2^-20, rounded; the same integer on every machine.
// REQUIRES kFinestStep <= index <= kCoarsestStep.
std::int64_t step_size(int index);
inline constexpr int kStepBits = 20;
inline constexpr std::int64_t kUnitStep = std::int64_t{1} << kStepBits;

inline constexpr int kMaxSymbols = 62;  // besides the escape
inline constexpr int kMaxRawBits = 24;

struct SymbolTable {
  std::int32_t first = 0;  // the symbols are first .. first + count - 1, shifted right by raw_bits
  std::int32_t count = 0;  // the escape's number
  int raw_bits = 0;
  std::array<std::uint16_t, kRansAlphabet> frequencies{};
  // The value at which a symbol is reconstructed, in steps: the mean of the distribution between the symbol's
  // bounds. Valid without raw bits only.
  std::array<float, kRansAlphabet> means{};
};
// REQUIRES is_valid(distribution), step in units of 2^-20 as step_size() gives it. ENSURES that the
// frequencies of all symbols and of the escape are at least 1 and sum to kRansTotal, and that
// 1 <= count <= kMaxSymbols.
SymbolTable symbol_table(const Distribution& distribution, std::int64_t step);

}  // namespace millrace
