#include "runtime/codec/klt_tables.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

constexpr int kToStep = kStepBits - kQuantileBits;  // shift from quantiles to the steps' finer unit
constexpr int kMassBits = 12;                       // masses are in 2^-28: levels with 12 bits behind them
constexpr std::int64_t kWholeMass = std::int64_t{65536} << kMassBits;

// Quantiles of the lower half, negated, in units of 2^-12 standard deviations; beyond the outermost ones no
// values are expected.
constexpr std::array<std::int32_t, 21> kNormalHalf = {20480, 14283, 12686, 10896, 8822, 7630, 6284,
                                                      5399,  4712,  4137,  3634,  3180, 2763, 2372,
                                                      2002,  1648,  1305,  972,   644,  321,  0};
constexpr std::array<std::int32_t, 21> kLaplaceHalf = {49152, 22083, 18068, 14053, 10038, 8030, 6023,
                                                       4848,  4015,  3369,  2841,  2394,  2008, 1666,
                                                       1361,  1085,  833,   601,   387,   187,  0};

Distribution mirrored(std::span<const std::int32_t, 21> half, std::int32_t sigma) {
  Distribution made;
  for (std::size_t i = 0; i < half.size(); ++i) {
    const auto at = static_cast<std::int32_t>((std::int64_t{half[i]} * sigma) >> kQuantileBits);
    made.quantiles[i] = -at;
    made.quantiles[kQuantiles - 1 - i] = at;
  }
  for (std::size_t i = 1; i < kQuantiles; ++i)
    made.quantiles[i] = std::max(made.quantiles[i], made.quantiles[i - 1] + 1);
  return made;
}

// The distribution's mass and first moment below a point. Successive points must not decrease.
class Walk {
 public:
  explicit Walk(const Distribution& distribution) : distribution_(distribution) {}

  struct Below {
    std::int64_t mass = 0;
    double moment = 0;  // in the steps' unit
  };
  Below at(std::int64_t point) {
    while (next_ < kQuantiles && knot(next_) <= point) {
      if (next_ > 0) whole_.moment += piece(knot(next_));
      whole_.mass = std::int64_t{kLevels[next_]} << kMassBits;
      ++next_;
    }
    if (next_ == 0 || next_ == kQuantiles) return whole_;
    return {whole_.mass + mass_to(point), whole_.moment + piece(point)};
  }

 private:
  std::int64_t knot(std::size_t i) const { return std::int64_t{distribution_.quantiles[i]} << kToStep; }
  // The mass from the last knot passed to `point`.
  std::int64_t mass_to(std::int64_t point) const {
    const std::int64_t from = knot(next_ - 1), to = knot(next_);
    const std::int64_t mass = std::int64_t{kLevels[next_] - kLevels[next_ - 1]} << kMassBits;  // below 2^24
    return (point - from) * mass / (to - from);                                                // below 2^57
  }
  double piece(std::int64_t point) const {
    return static_cast<double>(mass_to(point)) * 0.5 * static_cast<double>(knot(next_ - 1) + point);
  }

  const Distribution& distribution_;
  std::size_t next_ = 0;
  Below whole_;
};

std::int64_t rounded_quotient(std::int64_t value, std::int64_t step) {
  const std::int64_t doubled = 2 * value + step;
  return doubled >= 0 ? doubled / (2 * step) : -((-doubled + 2 * step - 1) / (2 * step));
}

struct Run {
  std::int64_t first = 0, last = 0;
  std::int64_t count() const { return last - first + 1; }
};
Run run_between(const Distribution& distribution, std::size_t quantile, std::int64_t step, int raw_bits) {
  const auto symbol = [&](std::size_t i) {
    return rounded_quotient(std::int64_t{distribution.quantiles[i]} << kToStep, step) >> raw_bits;
  };
  return {symbol(quantile), symbol(kQuantiles - 1 - quantile)};
}

// Chooses the symbols that get an entry of their own: those between the outer quantiles or, if these are too
// many, those between inner quantiles and as many next to them as there is room for.
void choose_run(const Distribution& distribution, std::int64_t step, SymbolTable& table) {
  constexpr std::size_t kOuter = 1, kInner = 3;
  Run inner = run_between(distribution, kInner, step, table.raw_bits);
  while (inner.count() > kMaxSymbols) inner = run_between(distribution, kInner, step, ++table.raw_bits);
  MR_CHECK(table.raw_bits <= kMaxRawBits);
  const Run outer = run_between(distribution, kOuter, step, table.raw_bits);
  Run run = inner;
  bool grew = true;
  while (grew) {
    grew = false;
    if (run.count() < kMaxSymbols && run.first > outer.first) --run.first, grew = true;
    if (run.count() < kMaxSymbols && run.last < outer.last) ++run.last, grew = true;
  }
  table.first = static_cast<std::int32_t>(run.first);
  table.count = static_cast<std::int32_t>(run.count());
}

}  // namespace

bool is_valid(const Distribution& distribution) {
  const auto& q = distribution.quantiles;
  if (q.front() < -kMaxQuantile || q.back() > kMaxQuantile) return false;
  return std::ranges::adjacent_find(q, std::ranges::greater_equal{}) == q.end();
}

Distribution normal_distribution(std::int32_t sigma) { return mirrored(kNormalHalf, sigma); }
Distribution laplace_distribution(std::int32_t sigma) { return mirrored(kLaplaceHalf, sigma); }

std::int64_t step_size(int index) {
  MR_CHECK(index >= kFinestStep && index <= kCoarsestStep);
  static constexpr auto kFractions = [] {
    std::array<double, kStepsPerOctave> fractions{};
    double fraction = 1;
    for (double& at : fractions) {
      at = fraction;
      fraction *= 1.0108892860517005;  // 2^(1/64); products are exact to the last bit or two everywhere
    }
    return fractions;
  }();
  const int octave = (index - kFinestStep) / kStepsPerOctave;
  const double fraction = kFractions[static_cast<std::size_t>((index - kFinestStep) % kStepsPerOctave)];
  constexpr int kFinestOctave = kFinestStep / kStepsPerOctave;
  return std::llround(fraction *
                      static_cast<double>(std::int64_t{1} << (kStepBits + kFinestOctave + octave)));
}

SymbolTable symbol_table(const Distribution& distribution, std::int64_t step) {
  SymbolTable table;
  choose_run(distribution, step, table);
  const auto bound = [&](std::int64_t symbol) {
    return (symbol * (std::int64_t{1} << table.raw_bits)) * step - step / 2;
  };
  Walk walk(distribution);
  const int escapes = 1;
  const std::int64_t shared = std::int64_t{kRansTotal} - table.count - escapes;
  auto below = walk.at(bound(table.first));
  std::int64_t in_run = 0, given = 0;
  std::size_t likeliest = 0;
  for (std::int32_t i = 0; i < table.count; ++i) {
    const auto to = walk.at(bound(table.first + i + 1));
    const std::int64_t mass = to.mass - below.mass;
    const auto at = static_cast<std::size_t>(i);
    table.frequencies[at] = static_cast<std::uint16_t>(1 + mass * shared / kWholeMass);
    given += table.frequencies[at];
    if (table.frequencies[at] > table.frequencies[likeliest]) likeliest = at;
    const auto symbol = static_cast<double>(table.first + i);
    double mean = symbol;
    if (mass > 0) mean = (to.moment - below.moment) / static_cast<double>(mass) / static_cast<double>(step);
    table.means[at] = static_cast<float>(std::clamp(mean, symbol - 0.5, symbol + 0.5));
    in_run += mass;
    below = to;
  }
  const auto escape = static_cast<std::size_t>(table.count);
  table.frequencies[escape] = static_cast<std::uint16_t>(1 + (kWholeMass - in_run) * shared / kWholeMass);
  given += table.frequencies[escape];
  table.frequencies[likeliest] =
      static_cast<std::uint16_t>(table.frequencies[likeliest] + (std::int64_t{kRansTotal} - given));
  return table;
}

}  // namespace millrace
