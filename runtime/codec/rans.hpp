// Entropy coding with static tables: asymmetric numeral systems with ranges (Duda, arXiv 1311.2540; the
// word-wise form is Giesen's, arXiv 1402.3392). Symbols go in turn to kRansLanes coders, whose words share
// one stream, so that a processor works on several symbols at once. Encoding runs backwards, decoding
// forwards.
//
// Stream, little-endian: the kRansLanes final states, 4 bytes each, then 16-bit words in the order the
// decoder takes them. Symbol i belongs to lane i mod kRansLanes. A state lies in 2^16 .. 2^32-1. A stream is
// whole when its words are used up and every state is 2^16 again, which the decoder checks; a damaged stream
// that passes this check by chance decodes to other symbols and does no harm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace {

inline constexpr std::size_t kRansLanes = 8;
inline constexpr int kRansPrecision = 12;  // the frequencies of a table sum to 2^12
inline constexpr std::uint32_t kRansTotal = 1U << kRansPrecision;
inline constexpr std::uint32_t kRansLow = 1U << 16;
inline constexpr std::size_t kRansStateBytes = kRansLanes * sizeof(std::uint32_t);
inline constexpr std::size_t kRansAlphabet = 64;  // symbols of one table, at most

// A symbol together with its table: table · kRansAlphabet + symbol.
using RansId = std::uint16_t;

// Several tables side by side.
class RansTables {
 public:
  // frequencies: kRansAlphabet for each table, 0 for symbols that the table lacks. REQUIRES at most 256
  // tables, each summing to kRansTotal.
  explicit RansTables(std::span<const std::uint16_t> frequencies);

  std::size_t count() const { return entries_.size() / kRansAlphabet; }
  struct Entry {
    std::uint16_t start = 0, frequency = 0;
  };
  const Entry& entry(RansId id) const { return entries_[id]; }
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// Appends the stream of `symbols` to `out`. REQUIRES that every symbol has a frequency.
void rans_encode(std::span<const RansId> symbols, const RansTables& tables, std::vector<std::byte>& out);

class RansDecoder {
 public:
  // Both arguments must outlive the decoder. REQUIRES in.size() >= kRansStateBytes, and even.
  RansDecoder(std::span<const std::byte> in, const RansTables& tables);
  // Whether every initial state is one that an encoder can leave. take() and ended() REQUIRE it.
  bool well_formed() const;
  // The next symbols, symbol i by table tables[i]. Past the stream's end this reads zeros, and ended() is
  // then false. REQUIRES symbols.size() == tables.size(), tables that exist.
  void take(std::span<const std::uint8_t> tables, std::span<RansId> symbols);
  bool ended() const;

 private:
  RansId take_one(std::uint32_t& state, std::size_t table);
  void take_rest(std::span<const std::uint8_t> tables, std::span<RansId> symbols);

  std::array<std::uint32_t, kRansLanes> states_{};
  std::span<const std::byte> words_;
  std::size_t at_ = 0, lane_ = 0;
  const RansTables& tables_;
  std::vector<std::uint8_t> slots_;  // kRansTotal per table: the symbol that each slot belongs to
};

}  // namespace millrace
