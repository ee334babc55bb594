// The middle part of the klt codec: the components of one image to symbols at one step, the search for the
// step that meets a size, and symbols to a payload and back. klt_codec.hpp describes the parts before and
// after (sizes of rows, rotation, means).
//
// Payload of one image, little-endian:
//   i16 step index | u32 bytes of symbols | u32 bytes of extras | side information, if any | symbols | extras
// Symbols are a stream of rans.hpp: one for the scale of each row, then those of the rows that are not zero,
// row by row. Extras are a stream of bit_stream.hpp in the same order: the raw bits of symbols that have
// some; for an escape its number v, as 5 bits with the count of binary digits and then these digits (v >= 0
// is written as 2v, v < 0 as -2v - 1). A row with n bits of refinement has, after its other extras, n bits
// for each of its columns: the number of the part, of the 2^n parts of the symbol's step, that the value
// lies in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/klt_kernels.hpp"
#include "runtime/codec/klt_tables.hpp"

namespace millrace {

// All that both ends know about an image before its symbols, except the step. The spans must outlive it.
struct ComponentModel {
  std::size_t rows = 0, width = 0;
  std::span<const Distribution> distributions;   // 1 to 64
  std::span<const std::uint8_t> groups;          // distribution of each column
  std::span<const std::uint8_t> refinements;     // of each row, in bits; empty if no row has any
  std::span<const std::int16_t> typical_scales;  // of each row; the difference from it is coded
  Distribution scale_distribution;
};

// A row whose size is below 2^(kSmallestScale/4) counts as zero, and none of its components are coded.
inline constexpr int kZeroScale = -481, kSmallestScale = -480, kLargestScale = 508;

// An image between rotation and symbols.
struct Components {
  std::vector<std::int16_t> scales;  // of each row: kZeroScale, or kSmallestScale .. kLargestScale
  std::vector<float> values;         // rows · width, in units of the row's size, means subtracted
};

// The tables of one step.
class StepCoding {
 public:
  StepCoding(const ComponentModel& model, int step);

  int step() const { return step_; }
  float step_length() const { return step_length_; }
  float per_step() const { return 1 / step_length_; }
  const SymbolTable& table(std::size_t index) const { return tables_[index]; }
  std::size_t scale_table() const { return tables_.size() - 1; }
  const SymbolColumns& columns() const { return columns_; }
  // In 1/256 bits, at index table · kRansAlphabet + symbol; an escape's cost includes a guess at its digits.
  std::span<const std::int32_t> costs() const { return costs_; }
  std::vector<std::uint16_t> frequencies() const;

 private:
  int step_;
  float step_length_;
  std::vector<SymbolTable> tables_;
  SymbolColumns columns_;
  std::vector<std::int32_t> costs_;
};

// The size that the payload of one image may have. The encoder takes the finest step that fits; if none
// fits, it takes the coarsest and exceeds the budget.
struct ImageBudget {
  std::int64_t bytes = 0;
  std::span<const std::byte> side;  // side information; counts as part of `bytes`
};
// Appends the payload.
void encode_components(const ComponentModel& model, const Components& image, const ImageBudget& budget,
                       Buffer& out);

inline constexpr std::size_t kImageHeadBytes = 2 + 4 + 4;
struct ImagePayload {
  int step = 0;
  std::span<const std::byte> side, symbols, extras;
  std::size_t bytes = 0;  // of the whole payload
};
// Splits one image's payload, with `side_bytes` of side information, and checks lengths and the step.
Result<ImagePayload> read_payload(std::span<const std::byte> in, std::size_t side_bytes);
// Decodes the symbols and extras; the values of zero rows are 0.
Result<Components> decode_components(const ComponentModel& model, const ImagePayload& payload);

}  // namespace millrace
