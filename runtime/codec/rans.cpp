#include "runtime/codec/rans.hpp"

#include <algorithm>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

__extension__ using Wide = unsigned __int128;

// Precomputed numbers for encoding one symbol: the quotient of a state by the frequency is a multiplication,
// floor(state · reciprocal / 2^64), which is exact for states below 2^32.
struct Step {
  std::uint64_t reciprocal = 0;
  std::uint32_t bias = 0;
  std::uint32_t frequency = 0;
};

Step step_of(const RansTables::Entry& entry) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  Step step{.reciprocal = 0, .bias = entry.start, .frequency = entry.frequency};
  if (entry.frequency > 1) step.reciprocal = kMost / entry.frequency + 1;
  if (entry.frequency ==
      1) {  // 2^64 itself does not fit: the quotient is one less, and the bias makes up for it
    step.reciprocal = kMost;
    step.bias += kRansTotal - 1;
  }
  return step;
}

// Encodes one symbol into state x; a word that leaves the state is stored before `words`, which moves there.
// Without a branch, as a branch on whether the state is full would be mispredicted half of the time.
inline std::uint32_t put(std::uint32_t x, const Step& step, std::uint16_t*& words) {
  const bool full = x >> (32 - kRansPrecision) >= step.frequency;
  words[-1] = static_cast<std::uint16_t>(x & 0xffffU);
  words -= full ? 1 : 0;
  x = full ? x >> 16 : x;
  const auto quotient = static_cast<std::uint32_t>((Wide{x} * step.reciprocal) >> 64);
  return x + step.bias + quotient * (kRansTotal - step.frequency);
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
  std::vector<std::uint16_t> words(symbols.size() + 1);  // each symbol gives one word at most
  std::uint16_t* at = words.data() + words.size();
  std::array<std::uint32_t, kRansLanes> states{};
  states.fill(kRansLow);
  std::size_t i = symbols.size();
  for (; i % kRansLanes != 0; --i)
    states[(i - 1) % kRansLanes] = put(states[(i - 1) % kRansLanes], steps[symbols[i - 1]], at);
  for (; i > 0; i -= kRansLanes) {
    const RansId* const round = symbols.data() + i - kRansLanes;
#pragma GCC unroll 8
    for (std::size_t lane = kRansLanes; lane-- > 0;) states[lane] = put(states[lane], steps[round[lane]], at);
  }
  const auto bytes = static_cast<std::size_t>(words.data() + words.size() - at) * sizeof(std::uint16_t);
  const std::size_t start = out.size();
  out.resize(start + kRansStateBytes + bytes);
  for (std::size_t lane = 0; lane < kRansLanes; ++lane)
    store_le(out.data() + start + lane * sizeof(std::uint32_t), states[lane]);
  if (bytes > 0) std::memcpy(out.data() + start + kRansStateBytes, at, bytes);
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

// One symbol of each lane takes at most this many bytes.
constexpr std::ptrdiff_t kBytesPerRound = kRansLanes * sizeof(std::uint16_t);

void RansDecoder::take(std::span<const std::uint8_t> tables, std::span<RansId> symbols) {
  MR_CHECK(tables.size() == symbols.size());
  std::size_t i = 0;
  for (; i < symbols.size() && lane_ != 0; ++i, lane_ = (lane_ + 1) % kRansLanes)
    symbols[i] = take_one(states_[lane_], tables[i]);
  if (at_ > words_.size()) {
    take_rest(tables.subspan(i), symbols.subspan(i));
    return;
  }
  // While no lane can run out of words, whole rounds need no check for the end.
  auto states = states_;
  const std::byte* next = words_.data() + at_;
  const std::byte* const last = words_.data() + words_.size();
  const std::uint8_t* const slots = slots_.data();
  const RansTables::Entry* const entries = tables_.entries().data();
  for (; i + kRansLanes <= symbols.size() && last - next >= kBytesPerRound; i += kRansLanes) {
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < kRansLanes; ++lane) {
      const std::uint32_t state = states[lane], slot = state & (kRansTotal - 1);
      const std::size_t table = tables[i + lane];
      const auto id = static_cast<RansId>(table * kRansAlphabet + slots[table * kRansTotal + slot]);
      const RansTables::Entry entry = entries[id];
      const std::uint32_t x = entry.frequency * (state >> kRansPrecision) + slot - entry.start;
      const std::uint32_t refilled = (x << 16) | load_le<std::uint16_t>(next);
      const bool low = x < kRansLow;
      states[lane] = low ? refilled : x;
      next += low ? sizeof(std::uint16_t) : 0;
      symbols[i + lane] = id;
    }
  }
  states_ = states;
  at_ = static_cast<std::size_t>(next - words_.data());
  take_rest(tables.subspan(i), symbols.subspan(i));
}

void RansDecoder::take_rest(std::span<const std::uint8_t> tables, std::span<RansId> symbols) {
  for (std::size_t i = 0; i < symbols.size(); ++i, lane_ = (lane_ + 1) % kRansLanes)
    symbols[i] = take_one(states_[lane_], tables[i]);
}

bool RansDecoder::ended() const {
  return at_ == words_.size() && std::ranges::all_of(states_, [](std::uint32_t x) { return x == kRansLow; });
}

}  // namespace millrace
