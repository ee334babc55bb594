// A set of cuts as bits: W words of 64, so that the cuts reachable over whole subsets of devices are joined
// and filtered by a few instructions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace millrace {

template <std::size_t W>
struct CutSet {
  std::array<std::uint64_t, W> words{};

  static constexpr int kCapacity = static_cast<int>(64 * W);

  void insert(int cut) { words[word(cut)] |= bit(cut); }
  bool contains(int cut) const { return (words[word(cut)] & bit(cut)) != 0; }
  bool empty() const {
    std::uint64_t any = 0;
    for (const std::uint64_t w : words) any |= w;
    return any == 0;
  }
  CutSet& operator|=(const CutSet& o) {
    for (std::size_t i = 0; i < W; ++i) words[i] |= o.words[i];
    return *this;
  }
  CutSet& operator&=(const CutSet& o) {
    for (std::size_t i = 0; i < W; ++i) words[i] &= o.words[i];
    return *this;
  }
  friend CutSet operator&(CutSet a, const CutSet& b) { return a &= b; }
  bool operator==(const CutSet&) const = default;
  std::size_t size() const {
    std::size_t count = 0;
    for (const std::uint64_t w : words) count += static_cast<std::size_t>(std::popcount(w));
    return count;
  }
  // How many members are smaller than `cut`.
  std::size_t rank(int cut) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < word(cut); ++i) count += static_cast<std::size_t>(std::popcount(words[i]));
    return count + static_cast<std::size_t>(std::popcount(words[word(cut)] & (bit(cut) - 1)));
  }
  // In increasing order.
  template <class Call>
  void each(Call&& call) const {
    each_while([&](int cut) {
      call(cut);
      return true;
    });
  }
  // In increasing order, until `call` returns false.
  template <class Call>
  void each_while(Call&& call) const {
    for (std::size_t i = 0; i < W; ++i) {
      for (std::uint64_t w = words[i]; w != 0; w &= w - 1)
        if (!call(static_cast<int>(64 * i) + std::countr_zero(w))) return;
    }
  }

 private:
  static std::size_t word(int cut) { return static_cast<std::size_t>(cut) / 64; }
  static std::uint64_t bit(int cut) { return std::uint64_t{1} << (static_cast<unsigned>(cut) % 64); }
};

}  // namespace millrace
