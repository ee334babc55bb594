#include "runtime/codec/klt_coder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/base/check.hpp"
#include "runtime/codec/bit_stream.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr int kCostBits = 8;
constexpr int kDigitsBits = 5;
constexpr std::int32_t kGuessedDigits = 9;

Error refused(const std::string& finding) { return {"decoding a tensor: klt: " + finding}; }

// -log2(frequency / kRansTotal) in 1/256 bits.
const std::array<std::int32_t, kRansTotal + 1>& cost_of_frequency() {
  static const auto kCosts = [] {
    std::array<std::int32_t, kRansTotal + 1> costs{};
    for (std::size_t f = 1; f < costs.size(); ++f)
      costs[f] = static_cast<std::int32_t>(
          std::lround((1 << kCostBits) * (kRansPrecision - std::log2(static_cast<double>(f)))));
    return costs;
  }();
  return kCosts;
}

std::uint32_t zigzag(std::int32_t value) {
  return value >= 0 ? 2 * static_cast<std::uint32_t>(value)
                    : 2 * static_cast<std::uint32_t>(-(value + 1)) + 1;
}
std::int32_t unzigzag(std::uint32_t digits) {
  const auto half = static_cast<std::int32_t>(digits >> 1);
  return (digits & 1U) == 0 ? half : -half - 1;
}

void put_extras(BitWriter& out, const SymbolTable& table, std::int32_t number, bool escaped) {
  if (!escaped) {
    if (table.raw_bits > 0)
      out.put(static_cast<std::uint32_t>(number) & ((1U << table.raw_bits) - 1), table.raw_bits);
    return;
  }
  const std::uint32_t digits = zigzag(number);
  const int width = static_cast<int>(std::bit_width(digits));
  out.put(static_cast<std::uint32_t>(width), kDigitsBits);
  out.put(digits, width);
}

std::int32_t take_number(BitReader& in, const SymbolTable& table, std::int32_t symbol) {
  if (symbol == table.count) return unzigzag(in.take(static_cast<int>(in.take(kDigitsBits))));
  const std::int32_t coarse = table.first + symbol;
  if (table.raw_bits == 0) return coarse;
  return coarse * (1 << table.raw_bits) + static_cast<std::int32_t>(in.take(table.raw_bits));
}

int refinement_of(const ComponentModel& model, std::size_t row) {
  return model.refinements.empty() ? 0 : model.refinements[row];
}

// The part of its step that a value lies in.
std::uint32_t refine(float value, float per_step, int bits) {
  const auto number = static_cast<float>(scalar::step_number(value, per_step));
  const auto parts = static_cast<float>(1 << bits);
  return static_cast<std::uint32_t>(std::clamp((value * per_step - number + 0.5F) * parts, 0.0F, parts - 1));
}
float refined(std::int32_t number, std::uint32_t part, int bits) {
  return static_cast<float>(number) - 0.5F +
         (static_cast<float>(part) + 0.5F) / static_cast<float>(1 << bits);
}

// The symbols of every row that is coded, at one step.
struct Trial {
  std::vector<std::uint8_t> symbols;
  std::int64_t bits = 0;
};

// With a stride above 1, tries only every stride-th row and scales the cost up.
Trial try_step(const ComponentModel& model, const Components& image, const StepCoding& coding,
               std::size_t stride) {
  Trial trial;
  trial.symbols.resize(model.rows * model.width);
  std::uint64_t cost = 0;
  std::size_t rows = 0, tried = 0;
  for (std::size_t row = 0; row < model.rows; ++row) {
    if (image.scales[row] == kZeroScale) continue;
    if (rows++ % stride != stride / 2) continue;
    const auto values = std::span(image.values).subspan(row * model.width, model.width);
    cost += simd::symbols_of(values, coding.per_step(), coding.columns(), coding.costs(),
                             std::span(trial.symbols).subspan(row * model.width, model.width));
    ++tried;
  }
  if (tried > 0) cost = cost * rows / tried;
  trial.bits = static_cast<std::int64_t>(cost >> kCostBits);
  return trial;
}

// A rough estimate of the bits of all components at a step, from the spread of their distributions: a normal
// variable of standard deviation s takes some log2(1 + 17 (s/step)^2)/2 bits. It only steers the search.
class Guess {
 public:
  explicit Guess(const ComponentModel& model) : rows_(static_cast<double>(model.rows)) {
    std::vector<int> columns(model.distributions.size());
    for (const std::uint8_t group : model.groups) ++columns[group];
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& q = model.distributions[i].quantiles;
      // The quantiles at 5/32 and 27/32: one standard deviation of a normal variable on either side.
      const double deviation = 0.5 * (q[36 - 5] - q[4 + 5]) / (1 << kQuantileBits);
      if (columns[i] > 0) spreads_.push_back({deviation * deviation * 17, columns[i]});
    }
  }
  double bits(int step) const {
    const double per_square = std::exp2(-2.0 * step / kStepsPerOctave);
    double bits = 0;
    for (const auto& spread : spreads_) bits += spread.columns * std::log2(1 + spread.square * per_square);
    return bits * 0.5 * rows_;
  }
  // The finest step within first..last that takes at most `bits` by this estimate; last if there is none.
  int step_for(double bits, int first, int last) const {
    while (first < last) {
      const int middle = first + (last - first) / 2;
      if (this->bits(middle) <= bits)
        last = middle;
      else
        first = middle + 1;
    }
    return last;
  }

 private:
  struct Spread {
    double square = 0;
    int columns = 0;
  };
  std::vector<Spread> spreads_;
  double rows_;
};

struct Choice {
  StepCoding coding;
  Trial trial;
};

// The finest step, or nearly the finest, whose components take at most `bits`.
Choice choose_step(const ComponentModel& model, const Components& image, std::int64_t bits) {
  constexpr std::size_t kSample = 4, kRowsWorthSampling = 64;
  constexpr int kTrials = 12;
  const Guess guess(model);
  const auto wanted = static_cast<double>(bits);
  int step = guess.step_for(wanted, kFinestStep, kCoarsestStep);
  double guessed_amiss = 0;  // bits beyond the guess at the last step tried
  const auto try_at = [&](const StepCoding& coding, std::size_t stride) {
    Trial trial = try_step(model, image, coding, stride);
    guessed_amiss = static_cast<double>(trial.bits) - guess.bits(coding.step());
    return trial;
  };
  if (model.rows >= kRowsWorthSampling)
    for (int i = 0; i < 2; ++i) {
      try_at(StepCoding(model, step), kSample);
      step = guess.step_for(wanted - guessed_amiss, kFinestStep, kCoarsestStep);
    }
  int too_fine = kFinestStep - 1, fits = kCoarsestStep;  // the coarsest is assumed to fit
  for (int i = 0; i < kTrials; ++i) {
    Choice choice{StepCoding(model, step), {}};
    choice.trial = try_at(choice.coding, 1);
    const bool within = choice.trial.bits <= bits;
    if (within) fits = step;
    if (!within) too_fine = step;
    const bool close = choice.trial.bits >= bits - bits / 128;
    if (within && (close || fits - too_fine <= 1)) return choice;
    if (fits - too_fine <= 1) break;
    // Slightly below the wanted size, so that the next trial is likely to fit.
    step = guess.step_for(wanted * 0.998 - guessed_amiss, too_fine + 1, fits - 1);
  }
  Choice choice{StepCoding(model, fits), {}};
  choice.trial = try_step(model, image, choice.coding, 1);
  return choice;
}

struct Streams {
  std::vector<std::byte> symbols, extras;
};

Streams code(const ComponentModel& model, const Components& image, const Choice& choice) {
  const StepCoding& coding = choice.coding;
  std::vector<RansId> ids(model.rows * (model.width + 1));
  RansId* next = ids.data();
  BitWriter extras;
  const std::size_t scales = coding.scale_table();
  for (std::size_t row = 0; row < model.rows; ++row) {
    const std::int32_t number = image.scales[row] - model.typical_scales[row];
    const SymbolTable& table = coding.table(scales);
    const std::int32_t own = (number >> table.raw_bits) - table.first;
    const std::int32_t symbol = own >= 0 && own < table.count ? own : table.count;
    *next++ = static_cast<RansId>(scales * kRansAlphabet + static_cast<std::size_t>(symbol));
    put_extras(extras, table, number, symbol == table.count);
  }
  const SymbolColumns& columns = coding.columns();
  const float per_step = coding.per_step();
  for (std::size_t row = 0; row < model.rows; ++row) {
    if (image.scales[row] == kZeroScale) continue;
    const std::uint8_t* const symbols = choice.trial.symbols.data() + row * model.width;
    std::int32_t rare = 0;
    for (std::size_t i = 0; i < model.width; ++i) {
      next[i] = static_cast<RansId>(columns.costs_at[i] + symbols[i]);
      rare |= static_cast<std::int32_t>(symbols[i] == columns.count[i]) | columns.raw_bits[i];
    }
    next += model.width;
    for (std::size_t i = 0; rare != 0 && i < model.width; ++i) {
      const bool escaped = symbols[i] == columns.count[i];
      if (escaped || columns.raw_bits[i] > 0)
        put_extras(extras, coding.table(model.groups[i]),
                   scalar::step_number(image.values[row * model.width + i], per_step), escaped);
    }
    if (const int bits = refinement_of(model, row); bits > 0)
      for (std::size_t i = 0; i < model.width; ++i)
        extras.put(refine(image.values[row * model.width + i], per_step, bits), bits);
  }
  ids.resize(static_cast<std::size_t>(next - ids.data()));
  Streams streams;
  rans_encode(ids, RansTables(coding.frequencies()), streams.symbols);
  streams.extras = extras.finish();
  return streams;
}

std::int64_t refined_bits(const ComponentModel& model) {
  const auto bits = std::accumulate(model.refinements.begin(), model.refinements.end(), std::int64_t{0});
  return bits * static_cast<std::int64_t>(model.width);
}

std::int64_t payload_bytes(const Streams& streams, const ImageBudget& budget) {
  return static_cast<std::int64_t>(kImageHeadBytes + budget.side.size() + streams.symbols.size() +
                                   streams.extras.size());
}

}  // namespace

StepCoding::StepCoding(const ComponentModel& model, int step)
    : step_(step), step_length_(static_cast<float>(step_size(step)) / static_cast<float>(kUnitStep)) {
  for (const auto& distribution : model.distributions)
    tables_.push_back(symbol_table(distribution, step_size(step)));
  tables_.push_back(symbol_table(model.scale_distribution, kUnitStep));
  costs_.resize(tables_.size() * kRansAlphabet);
  for (std::size_t t = 0; t < tables_.size(); ++t)
    for (std::int32_t symbol = 0; symbol <= tables_[t].count; ++symbol) {
      const std::int32_t extra =
          symbol == tables_[t].count ? kDigitsBits + kGuessedDigits : tables_[t].raw_bits;
      costs_[t * kRansAlphabet + static_cast<std::size_t>(symbol)] =
          cost_of_frequency()[tables_[t].frequencies[static_cast<std::size_t>(symbol)]] +
          (extra << kCostBits);
    }
  columns_.width = model.width;
  for (auto* column : {&columns_.first, &columns_.count, &columns_.raw_bits, &columns_.costs_at})
    column->resize(model.width + kColumnPadding);
  for (std::size_t i = 0; i < model.width; ++i) {
    const SymbolTable& table = tables_[model.groups[i]];
    columns_.first[i] = table.first;
    columns_.count[i] = table.count;
    columns_.raw_bits[i] = table.raw_bits;
    columns_.costs_at[i] = static_cast<std::int32_t>(model.groups[i] * kRansAlphabet);
  }
}

std::vector<std::uint16_t> StepCoding::frequencies() const {
  std::vector<std::uint16_t> all;
  for (const auto& table : tables_) all.insert(all.end(), table.frequencies.begin(), table.frequencies.end());
  return all;
}

void encode_components(const ComponentModel& model, const Components& image, const ImageBudget& budget,
                       Buffer& out) {
  MR_CHECK(image.values.size() == model.rows * model.width && image.scales.size() == model.rows);
  // Final states of 4 bytes hold 2 bytes of symbols; the scales' symbols take some 3 bits.
  const auto fixed = static_cast<std::int64_t>(kImageHeadBytes + budget.side.size() + kRansStateBytes / 2 +
                                               model.rows / 2 + 8) +
                     refined_bits(model) / 8;
  Choice choice = choose_step(model, image, std::max<std::int64_t>(0, 8 * (budget.bytes - fixed)));
  Streams streams = code(model, image, choice);
  while (payload_bytes(streams, budget) > budget.bytes && choice.coding.step() < kCoarsestStep) {
    choice.coding = StepCoding(model, choice.coding.step() + 1);
    choice.trial = try_step(model, image, choice.coding, 1);
    streams = code(model, image, choice);
  }
  const std::size_t start = out.size();
  out.resize(start + kImageHeadBytes);
  store_le(out.data() + start, static_cast<std::int16_t>(choice.coding.step()));
  store_le(out.data() + start + 2, static_cast<std::uint32_t>(streams.symbols.size()));
  store_le(out.data() + start + 6, static_cast<std::uint32_t>(streams.extras.size()));
  out.insert(out.end(), budget.side.begin(), budget.side.end());
  out.insert(out.end(), streams.symbols.begin(), streams.symbols.end());
  out.insert(out.end(), streams.extras.begin(), streams.extras.end());
}

Result<ImagePayload> read_payload(std::span<const std::byte> in, std::size_t side_bytes) {
  if (in.size() < kImageHeadBytes) return refused(fmt::format("{} bytes are left for an image", in.size()));
  ImagePayload payload;
  payload.step = load_le<std::int16_t>(in.data());
  if (payload.step < kFinestStep || payload.step > kCoarsestStep)
    return refused(fmt::format("step {}, {} to {} may be", payload.step, kFinestStep, kCoarsestStep));
  const std::size_t symbols = load_le<std::uint32_t>(in.data() + 2),
                    extras = load_le<std::uint32_t>(in.data() + 6);
  payload.bytes = kImageHeadBytes + side_bytes + symbols + extras;
  if (in.size() < payload.bytes)
    return refused(fmt::format("an image announces {} bytes, {} are left", payload.bytes, in.size()));
  if (symbols < kRansStateBytes || symbols % sizeof(std::uint16_t) != 0)
    return refused(fmt::format("{} bytes of symbols", symbols));
  payload.side = in.subspan(kImageHeadBytes, side_bytes);
  payload.symbols = in.subspan(kImageHeadBytes + side_bytes, symbols);
  payload.extras = in.subspan(kImageHeadBytes + side_bytes + symbols, extras);
  return payload;
}

Result<Components> decode_components(const ComponentModel& model, const ImagePayload& payload) {
  const StepCoding coding(model, payload.step);
  const RansTables tables(coding.frequencies());
  RansDecoder symbols(payload.symbols, tables);
  if (!symbols.well_formed()) return refused("a damaged stream of symbols");
  BitReader extras(payload.extras);
  Components image{std::vector<std::int16_t>(model.rows), std::vector<float>(model.rows * model.width)};

  std::vector<RansId> ids(std::max(model.rows, model.width));
  const std::vector<std::uint8_t> scale_tables(model.rows, static_cast<std::uint8_t>(coding.scale_table()));
  symbols.take(scale_tables, std::span(ids).first(model.rows));
  for (std::size_t row = 0; row < model.rows; ++row) {
    const SymbolTable& table = coding.table(coding.scale_table());
    const std::int64_t scale =
        std::int64_t{model.typical_scales[row]} +
        take_number(extras, table, static_cast<std::int32_t>(ids[row] % kRansAlphabet));
    if (scale != kZeroScale && (scale < kSmallestScale || scale > kLargestScale))
      return refused(fmt::format("a row of scale {}", scale));
    image.scales[row] = static_cast<std::int16_t>(scale);
  }

  std::vector<std::int32_t> numbers;
  // NaN for symbols with extras: an escape, or raw bits.
  std::vector<float> means((coding.scale_table() + 1) * kRansAlphabet,
                           std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < means.size(); ++i) {
    const SymbolTable& table = coding.table(i / kRansAlphabet);
    if (table.raw_bits == 0 && i % kRansAlphabet != static_cast<std::size_t>(table.count))
      means[i] = table.means[i % kRansAlphabet] * coding.step_length();
  }
  for (std::size_t row = 0; row < model.rows; ++row) {
    if (image.scales[row] == kZeroScale) continue;
    symbols.take(model.groups, std::span(ids).first(model.width));
    float* values = image.values.data() + row * model.width;
    if (const int bits = refinement_of(model, row); bits > 0) {
      numbers.resize(model.width);
      for (std::size_t i = 0; i < model.width; ++i)
        numbers[i] = take_number(extras, coding.table(model.groups[i]),
                                 static_cast<std::int32_t>(ids[i] % kRansAlphabet));
      for (std::size_t i = 0; i < model.width; ++i)
        values[i] = refined(numbers[i], extras.take(bits), bits) * coding.step_length();
      continue;
    }
    for (std::size_t i = 0; i < model.width; ++i) values[i] = means[ids[i]];
    int rare = 0;
    for (std::size_t i = 0; i < model.width; ++i) rare |= static_cast<int>(std::isnan(values[i]));
    if (rare == 0) continue;
    for (std::size_t i = 0; i < model.width; ++i)
      if (std::isnan(values[i]))
        values[i] = static_cast<float>(take_number(extras, coding.table(model.groups[i]),
                                                   static_cast<std::int32_t>(ids[i] % kRansAlphabet))) *
                    coding.step_length();
  }
  if (!symbols.ended() || !extras.ended()) return refused("symbols or extras do not end where they should");
  return image;
}

}  // namespace millrace
