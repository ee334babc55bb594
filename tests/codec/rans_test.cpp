#include "runtime/codec/rans.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

// Tables of up to 64 symbols with random frequencies, from 1 to nearly all.
std::vector<std::uint16_t> some_frequencies(std::size_t tables, Random& random) {
  std::vector<std::uint16_t> all;
  for (std::size_t t = 0; t < tables; ++t) {
    const std::size_t symbols = 1 + random.below(kRansAlphabet);
    std::vector<std::uint16_t> own(kRansAlphabet);
    std::uint32_t left = kRansTotal - static_cast<std::uint32_t>(symbols);
    for (std::size_t s = 0; s < symbols; ++s) {
      const auto more = s + 1 == symbols ? left : static_cast<std::uint32_t>(random.below(left / 2 + 1));
      own[s] = static_cast<std::uint16_t>(1 + more);
      left -= more;
    }
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

struct Message {
  std::vector<std::uint8_t> tables;
  std::vector<RansId> symbols;
  double bits = 0;  // the ideal size
};
Message some_message(std::size_t symbols, const RansTables& tables, Random& random) {
  Message message;
  for (std::size_t i = 0; i < symbols; ++i) {
    const auto table = static_cast<std::uint8_t>(random.below(tables.count()));
    const auto slot = random.below(kRansTotal);
    auto id = static_cast<RansId>(table * kRansAlphabet);
    while (slot >= std::uint64_t{tables.entry(id).start} + tables.entry(id).frequency) ++id;
    message.tables.push_back(table);
    message.symbols.push_back(id);
    message.bits += kRansPrecision - std::log2(tables.entry(id).frequency);
  }
  return message;
}

TEST(Rans, GivesBackWhatItTookAtNearlyTheIdealCost) {
  Random random(40, "rans");
  for (const std::size_t symbols : {0UL, 1UL, 7UL, 8UL, 9UL, 100UL, 40'003UL}) {
    const RansTables tables(some_frequencies(1 + random.below(65), random));
    const auto message = some_message(symbols, tables, random);
    std::vector<std::byte> stream(3);  // the encoder appends
    rans_encode(message.symbols, tables, stream);
    RansDecoder decoder(std::span<const std::byte>(stream).subspan(3), tables);
    ASSERT_TRUE(decoder.well_formed());
    std::vector<RansId> out(symbols);
    for (std::size_t i = 0; i < symbols;) {  // in pieces of any length
      const std::size_t n = std::min<std::size_t>(symbols - i, 1 + random.below(50));
      decoder.take(std::span(message.tables).subspan(i, n), std::span(out).subspan(i, n));
      i += n;
    }
    EXPECT_TRUE(decoder.ended());
    EXPECT_EQ(out, message.symbols);
    const double bytes = static_cast<double>(stream.size() - 3);
    EXPECT_LE(bytes, message.bits / 8 * 1.001 + kRansStateBytes) << symbols;
  }
}

TEST(Rans, NoticesWhatIsMissingAndWhatIsTooMuch) {
  Random random(41, "rans");
  const RansTables tables(some_frequencies(3, random));
  const auto message = some_message(500, tables, random);
  std::vector<std::byte> stream;
  rans_encode(message.symbols, tables, stream);
  const auto ends = [&](const std::vector<std::byte>& in) {
    RansDecoder decoder(in, tables);
    std::vector<RansId> out(message.symbols.size());
    decoder.take(message.tables, out);
    return decoder.ended();
  };
  EXPECT_TRUE(ends(stream));
  EXPECT_FALSE(ends({stream.begin(), stream.end() - 2}));
  stream.resize(stream.size() + 2);
  EXPECT_FALSE(ends(stream));
  stream[3] = std::byte{0}, stream[2] = std::byte{0};
  EXPECT_FALSE(RansDecoder(std::span<const std::byte>(stream), tables).well_formed());  // a state below 2^16
}

}  // namespace
}  // namespace millrace
