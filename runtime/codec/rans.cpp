#include "runtime/codec/rans.hpp"

#include <algorithm>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

__extension__ using Wide = unsigned __int128;

// What encoding one symbol takes, prepared: the quotient of a state by the frequency comes out of a
// multiplication, floor(state · reciprocal / 2^64), which is exact for states below 2^32.
struct Step {
  std::uint64_t reciprocal = 0;
  std::uint64_t limit = 0;  // a state from here on gives a word away first
  std::uint32_t bias = 0;
  std::uint32_t complement = 0;
};

Step step_of(const RansTables::Entry& entry) {
  const std::uint32_t frequency = entry.frequency;
  Step step;
  step.limit = std::uint64_t{frequency} << (32 - kRansPrecision);
  step.complement = kRansTotal - frequency;
  step.bias = entry.start;
  if (frequency > 1) step.reciprocal = std::numeric_limits<std::uint64_t>::max() / frequency + 1;
  if (frequency == 1) {  // 2^64 itself does not fit: the quotient is one less, and the bias makes up for it
    step.reciprocal = std::numeric_limits<std::uint64_t>::max();
    step.bias += kRansTotal - 1;
  }
  return step;
}

}  // namespace

RansTables::RansTables(std::span<const std::uint16_t> frequencies) : entries_(frequencies.size()) {
  MR_CHECK(frequencies.size() % kRansAlphabet == 0 && count() <= 256);
  for (std::size_t table = 0; table < count(); ++table) {
    std::uint32_t start = 0;
    for (std::size_t i = table * kRansAlphabet; i < (table + 1) * kRansAlphabet; ++i) {
      entries_[i] = {static_cast<std::uint16_t>(start), frequencies[i]};
      start += frequencies[i];
    }
    MR_CHECK(start == kRansTotal, "the frequencies of a table sum to 2^12");
  }
}

void rans_encode(std::span<const RansId> symbols, const RansTables& tables, std::vector<std::byte>& out) {
  std::vector<Step> steps(tables.entries().size());
  std::ranges::transform(tables.entries(), steps.begin(), step_of);
  std::vector<std::uint16_t> words(symbols.size());  // each symbol gives one word at most
  std::size_t at = words.size();
  std::array<std::uint32_t, kRansLanes> states{};
  states.fill(kRansLow);
  for (std::size_t i = symbols.size(); i-- > 0;) {
    const Step& step = steps[symbols[i]];
    std::uint32_t x = states[i % kRansLanes];
    if (x >= step.limit) {
      words[--at] = static_cast<std::uint16_t>(x & 0xffffU);
      x >>= 16;
    }
    const auto quotient = static_cast<std::uint32_t>((Wide{x} * step.reciprocal) >> 64);
    states[i % kRansLanes] = x + step.bias + quotient * step.complement;
  }
  const std::size_t start = out.size(), bytes = (words.size() - at) * sizeof(std::uint16_t);
  out.resize(start + kRansStateBytes + bytes);
  for (std::size_t lane = 0; lane < kRansLanes; ++lane)
    store_le(out.data() + start + lane * sizeof(std::uint32_t), states[lane]);
  if (bytes > 0) std::memcpy(out.data() + start + kRansStateBytes, words.data() + at, bytes);
}

RansDecoder::RansDecoder(std::span<const std::byte> in, const RansTables& tables)
    : tables_(tables), slots_(tables.count() * kRansTotal) {
  MR_CHECK(in.size() >= kRansStateBytes && in.size() % sizeof(std::uint16_t) == 0);
  for (std::size_t lane = 0; lane < kRansLanes; ++lane)
    states_[lane] = load_le<std::uint32_t>(in.data() + lane * sizeof(std::uint32_t));
  words_ = in.subspan(kRansStateBytes);
  for (std::size_t id = 0; id < tables.entries().size(); ++id) {
    const auto& entry = tables.entries()[id];
    const std::size_t first = id / kRansAlphabet * kRansTotal + entry.start;
    std::fill_n(slots_.begin() + static_cast<std::ptrdiff_t>(first), entry.frequency,
                static_cast<std::uint8_t>(id % kRansAlphabet));
  }
}

bool RansDecoder::well_formed() const {
  return std::ranges::all_of(states_, [](std::uint32_t state) { return state >= kRansLow; });
}

RansId RansDecoder::take_one(std::uint32_t& state, std::size_t table) {
  const std::uint32_t slot = state & (kRansTotal - 1);
  const auto id = static_cast<RansId>(table * kRansAlphabet + slots_[table * kRansTotal + slot]);
  const auto& entry = tables_.entry(id);
  std::uint32_t x = entry.frequency * (state >> kRansPrecision) + slot - entry.start;
  if (x < kRansLow) {  // x is 16 at least, so one word is enough
    const bool more = at_ + sizeof(std::uint16_t) <= words_.size();
    x = (x << 16) | (more ? load_le<std::uint16_t>(words_.data() + at_) : 0U);
    at_ += sizeof(std::uint16_t);
  }
  state = x;
  return id;
}

void RansDecoder::take(std::span<const std::uint8_t> tables, std::span<RansId> symbols) {
  MR_CHECK(tables.size() == symbols.size());
  std::size_t i = 0;
  for (; i < symbols.size() && lane_ != 0; ++i, lane_ = (lane_ + 1) % kRansLanes)
    symbols[i] = take_one(states_[lane_], tables[i]);
  // While no lane can run out of words, rounds go without looking at the end.
  for (; i + kRansLanes <= symbols.size() && at_ + 2 * kRansLanes <= words_.size(); i += kRansLanes) {
    const std::byte* next = words_.data() + at_;
    for (std::size_t lane = 0; lane < kRansLanes; ++lane) {
      const std::uint32_t state = states_[lane], slot = state & (kRansTotal - 1);
      const std::size_t table = tables[i + lane];
      const auto id = static_cast<RansId>(table * kRansAlphabet + slots_[table * kRansTotal + slot]);
      const auto& entry = tables_.entry(id);
      const std::uint32_t x = entry.frequency * (state >> kRansPrecision) + slot - entry.start;
      const std::uint32_t refilled = (x << 16) | load_le<std::uint16_t>(next);
      const bool low = x < kRansLow;
      states_[lane] = low ? refilled : x;
      next += low ? sizeof(std::uint16_t) : 0;
      symbols[i + lane] = id;
    }
    at_ = static_cast<std::size_t>(next - words_.data());
  }
  for (; i < symbols.size(); ++i, lane_ = (lane_ + 1) % kRansLanes)
    symbols[i] = take_one(states_[lane_], tables[i]);
}

bool RansDecoder::ended() const {
  return at_ == words_.size() && std::ranges::all_of(states_, [](std::uint32_t x) { return x == kRansLow; });
}

}  // namespace millrace
