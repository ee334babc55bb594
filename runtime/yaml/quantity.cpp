#include "runtime/yaml/quantity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "runtime/base/check.hpp"
#include "runtime/yaml/decimal.hpp"
#include "runtime/yaml/rate_unit.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

__extension__ using Wide = __int128;

struct NamedUnit {
  std::string_view name;
  std::int64_t factor;
  bool printed = true;  // used for writing too; other units are only read
};
constexpr std::array kDurations{NamedUnit{"ns", 1},
                                NamedUnit{"us", 1'000},
                                NamedUnit{"ms", 1'000'000},
                                NamedUnit{"s", 1'000'000'000},
                                NamedUnit{"min", 60'000'000'000, false},
                                NamedUnit{"h", 3'600'000'000'000, false}};
constexpr std::array kRates{NamedUnit{"bit/s", 1}, NamedUnit{"kbit/s", 1'000}, NamedUnit{"Mbit/s", 1'000'000},
                            NamedUnit{"Gbit/s", 1'000'000'000}, NamedUnit{"Tbit/s", 1'000'000'000'000}};
constexpr std::array kSizes{NamedUnit{"B", 1},
                            NamedUnit{"kB", 1'000, false},
                            NamedUnit{"KiB", 1'024},
                            NamedUnit{"MB", 1'000'000, false},
                            NamedUnit{"MiB", 1'048'576},
                            NamedUnit{"GB", 1'000'000'000, false},
                            NamedUnit{"GiB", 1'073'741'824}};
constexpr std::array kSpeeds{NamedUnit{"FLOP/s", 1}, NamedUnit{"MFLOP/s", 1'000'000},
                             NamedUnit{"GFLOP/s", 1'000'000'000}, NamedUnit{"TFLOP/s", 1'000'000'000'000}};
constexpr std::array kImageRates{NamedUnit{"/s", 1}};
constexpr std::array kLengths{NamedUnit{"m", 1}, NamedUnit{"km", 1'000}};

std::span<const NamedUnit> units_of(Unit unit) {
  switch (unit) {
    case Unit::none:
      return {};
    case Unit::duration:
      return kDurations;
    case Unit::rate:
      return kRates;
    case Unit::size:
      return kSizes;
    case Unit::speed:
      return kSpeeds;
    case Unit::image_rate:
      return kImageRates;
    case Unit::length:
      return kLengths;
  }
  return {};
}

const NamedUnit* find_unit(Unit unit, std::string_view name) {
  const auto units = units_of(unit);
  const auto found = std::find_if(units.begin(), units.end(), [&](const auto& u) { return u.name == name; });
  return found == units.end() ? nullptr : &*found;
}

Error fault(std::string message) { return {std::move(message), ExitCode::invalid_input}; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "20 Mbit/s" -> "20", "Mbit/s". The number ends at the first character that cannot be part of a number.
struct Split {
  std::string_view number, unit;
};
Split split(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() &&
         (is_digit(text[end]) || std::string_view("+-._,").find(text[end]) != std::string_view::npos))
    ++end;
  if (end == 0) return {text, ""};
  // 0x10 and 1e9 are malformed numbers, not numbers with units x10 and e9.
  if (end < text.size() && end + 1 < text.size() &&
      std::string_view("xXeEoO").find(text[end]) != std::string_view::npos && is_digit(text[end + 1]))
    return {text, ""};
  const std::string_view number = text.substr(0, end);
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  return {number, unit};
}

std::string_view what_is_meant(Unit unit) {
  switch (unit) {
    case Unit::duration:
      return "5 ms";
    case Unit::rate:
      return "20 Mbit/s";
    case Unit::size:
      return "64 KiB";
    case Unit::speed:
      return "8 GFLOP/s";
    case Unit::image_rate:
      return "10 /s";
    case Unit::length:
      return "5 m";
    case Unit::none:
      break;
  }
  return "8";
}

std::string listed(Unit unit) { return fmt::format("{}", fmt::join(unit_names(unit), ", ")); }

// number · factor, if it is a whole number that fits into 64 bits.
struct Scaled {
  bool whole = false, fits = false;
  std::int64_t value = 0;
};
Scaled scaled(Decimal number, std::int64_t factor) {
  Wide product = Wide{number.mantissa} * factor;
  for (int i = 0; i < number.places; ++i) {
    if (product % 10 != 0) return {};
    product /= 10;
  }
  if (product > std::numeric_limits<std::int64_t>::max() ||
      product < std::numeric_limits<std::int64_t>::min())
    return {.whole = true};
  return {.whole = true, .fits = true, .value = static_cast<std::int64_t>(product)};
}

// Our unit for one that is often written differently: msec, GFLOPS, fps.
std::optional<std::string_view> usual_unit(Unit unit, std::string_view text) {
  std::string low = lower_case(text);
  if (unit == Unit::duration) {
    if (low == "µs" || low == "μs" || low == "usec") low = "us";
    if (low == "msec") low = "ms";
    if (low == "sec" || low == "second" || low == "seconds") low = "s";
    if (low == "minute" || low == "minutes") low = "min";
    if (low == "hour" || low == "hours") low = "h";
  }
  if (unit == Unit::size) {
    if (low.ends_with("bytes")) low.resize(low.size() - 4);
    if (low.ends_with("byte")) low.resize(low.size() - 3);
  }
  if (unit == Unit::speed && low.ends_with("flops")) low = low.substr(0, low.size() - 1) + "/s";
  if (unit == Unit::image_rate) {
    for (const std::string_view word :
         {"fps", "ips", "hz", "images/s", "images/sec", "img/s", "/sec", "/second"})
      if (low == word) low = "/s";
  }
  for (const auto& known : units_of(unit)) {
    if (lower_case(known.name) == low) return known.name;
  }
  return std::nullopt;
}

// number · factor / divisor as a text with a unit; "" if it is not a whole number that fits into 64 bits.
std::string as_written(Unit unit, std::string_view digits, std::int64_t factor, std::int64_t divisor = 1) {
  const auto number = parse_decimal(digits);
  const Scaled exact = number ? scaled(*number, factor) : Scaled{};
  return exact.fits && exact.value % divisor == 0 ? format_exact(unit, exact.value / divisor) : std::string();
}

// Advice for a rate with a unit of other tools: the rate in our units.
std::optional<std::string> meant_rate(std::string_view text, Split parts) {
  const auto meant = rate_unit(parts.unit);
  if (!meant) return std::nullopt;
  const std::string rate = as_written(Unit::rate, parts.number, meant->si_bit_per_s);
  if (meant->bytes && parts.unit.ends_with("PS"))
    return fmt::format("has no unit \"{}\": write {} if it is of bits, {} if it is of bytes",
                       shown(parts.unit), as_written(Unit::rate, parts.number, meant->si_bit_per_s / 8),
                       rate);
  if (meant->bytes)
    return fmt::format("is a rate in bits, and \"{}\" is in bytes: write {}", shown(text),
                       rate.empty() ? "it in bits" : rate);
  const auto ours = std::ranges::find(kRates, meant->si_bit_per_s, &NamedUnit::factor);
  const std::string advice = ours == kRates.end() ? rate : fmt::format("{} {}", parts.number, ours->name);
  if (advice.empty()) return std::nullopt;
  return fmt::format("has no unit \"{}\"; did you mean \"{}\"?", shown(parts.unit), advice);
}

// Advice for a size with an ambiguous unit, or a unit of bits.
std::optional<std::string> meant_size(std::string_view text, Split parts) {
  const std::string low = lower_case(parts.unit);
  const std::size_t prefix = low.empty() ? std::string::npos : std::string_view("kmg").find(low[0]);
  const std::string_view noun =
      std::string_view(low).substr(prefix == std::string::npos || low.size() == 2 ? 0 : 1);
  const bool of_bits = noun == "bit" || noun == "bits" || noun.find("bit") != std::string_view::npos;
  if (prefix == std::string::npos && !of_bits) return std::nullopt;
  constexpr std::array<std::int64_t, 3> kFactors{1'000, 1'000'000, 1'000'000'000};
  const std::int64_t factor = prefix == std::string::npos ? 1 : kFactors.at(prefix);
  const std::string from_bits = as_written(Unit::size, parts.number, factor, 8);
  if (of_bits)
    return fmt::format("is a size in bytes, and \"{}\" is in bits: write {}", shown(text),
                       from_bits.empty() ? "it in " + listed(Unit::size) : from_bits);
  constexpr std::array<std::pair<const char*, const char*>, 3> kOurs{
      {{"kB", "KiB"}, {"MB", "MiB"}, {"GB", "GiB"}}};
  const auto& [decimal_unit, binary_unit] = kOurs.at(prefix);
  const std::string bytes = fmt::format("{0} {1} or {0} {2}", parts.number, decimal_unit, binary_unit);
  if (parts.unit.size() == 2 && parts.unit[1] == 'b')
    return fmt::format("has no unit \"{}\": write {} if it is of bytes{}", parts.unit, bytes,
                       from_bits.empty() ? "" : fmt::format(", {} if it is of bits", from_bits));
  if (parts.unit.size() == 1 || parts.unit == "KB")
    return fmt::format(
        "has no unit \"{}\", which is of powers of 1000 to some and of 1024 to others; write {}", parts.unit,
        bytes);
  return std::nullopt;
}

Error wrong_unit(Unit unit, std::string_view text, Split parts) {
  if (parts.unit.empty())
    return fault(fmt::format("needs a unit ({}), for example {}, got \"{}\"", listed(unit),
                             what_is_meant(unit), shown(text)));
  if (unit == Unit::rate) {
    if (auto meant = meant_rate(text, parts)) return fault(std::move(*meant));
  }
  if (unit == Unit::size) {
    if (auto meant = meant_size(text, parts)) return fault(std::move(*meant));
  }
  if (unit == Unit::duration && (parts.unit == "m" || parts.unit == "M"))
    return fault(
        fmt::format("has no unit \"{0}\", which is ms to some and min to others; write \"{1} ms\" or "
                    "\"{1} min\"",
                    parts.unit, parts.number));
  if (const auto usual = usual_unit(unit, parts.unit))
    return fault(
        fmt::format("has no unit \"{}\"; did you mean \"{} {}\"?", shown(parts.unit), parts.number, *usual));
  return fault(fmt::format("has no unit \"{}\"; write one of {}", shown(parts.unit), listed(unit)));
}

// The number and the factor of its unit.
struct Quantity {
  std::string_view digits;
  std::int64_t factor = 1;
};
Result<Quantity> parse_quantity(Unit unit, std::string_view text) {
  const Split parts = unit == Unit::none ? Split{text, ""} : split(text);
  if (const auto number = check_decimal(parts.number); !number) return number.error();
  if (unit == Unit::none) return Quantity{parts.number, 1};
  const NamedUnit* named = find_unit(unit, parts.unit);
  if (named == nullptr) return wrong_unit(unit, text, parts);
  return Quantity{parts.number, named->factor};
}

}  // namespace

std::vector<std::string_view> unit_names(Unit unit) {
  std::vector<std::string_view> names;
  for (const auto& known : units_of(unit)) names.push_back(known.name);
  return names;
}

Result<std::int64_t> parse_exact(Unit unit, std::string_view text) {
  const auto quantity = parse_quantity(unit, text);
  if (!quantity) return quantity.error();
  const auto number = parse_decimal(quantity->digits);
  if (!number) return number.error();
  const Scaled exact = scaled(*number, quantity->factor);
  if (exact.fits) return exact.value;
  if (exact.whole) return fault(fmt::format("is too large, got \"{}\"", shown(text)));
  if (unit == Unit::none) return fault(fmt::format("must be a whole number, got \"{}\"", shown(text)));
  return fault(
      fmt::format("must be a whole number of {}, got \"{}\"", unit_names(unit).front(), shown(text)));
}

Result<double> parse_real(Unit unit, std::string_view text) {
  const auto quantity = parse_quantity(unit, text);
  if (!quantity) return quantity.error();
  if (unit == Unit::duration) {
    const auto exact_ns = parse_exact(unit, text);
    if (!exact_ns) return exact_ns.error();
    return static_cast<double>(*exact_ns) / 1e9;
  }
  // Factors are powers of ten here, so the text with an exponent is the exact value and is rounded once.
  int exponent = 0;
  for (std::int64_t factor = quantity->factor; factor > 1; factor /= 10) ++exponent;
  const std::string scientific = fmt::format("{}e{}", quantity->digits, exponent);
  double value = 0;
  const auto [end, problem] =
      std::from_chars(scientific.data(), scientific.data() + scientific.size(), value);
  MR_CHECK(end == scientific.data() + scientific.size());
  if (problem != std::errc()) return fault(fmt::format("is too large or too small, got \"{}\"", shown(text)));
  return value;
}

std::string format_exact(Unit unit, std::int64_t value) {
  if (unit == Unit::none) return fmt::format("{}", value);
  const NamedUnit* best = &units_of(unit).front();
  for (const auto& known : units_of(unit)) {
    if (known.printed && value != 0 && value % known.factor == 0) best = &known;
  }
  return fmt::format("{} {}", value / best->factor, best->name);
}

std::string format_real(Unit unit, double value) {
  MR_CHECK(std::isfinite(value) && value >= 0, "a number of a scenario is finite and not negative");
  const auto fixed = [](double number) {
    std::array<char, 400> buffer{};  // the longest fixed double has 309 + 1 + 324 digits; ours are bounded
    const auto [end, problem] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
    return problem == std::errc() ? std::string(buffer.data(), end) : std::string();
  };
  if (unit == Unit::duration) return format_exact(unit, std::llround(value * 1e9));
  const auto units = units_of(unit);
  for (std::size_t i = units.size(); i-- > 1;) {  // the largest unit of at least 1 that is exact
    const auto factor = static_cast<double>(units[i].factor);
    std::string text = fmt::format("{} {}", fixed(value / factor), units[i].name);
    if (value < factor) continue;
    if (const auto back = parse_real(unit, text); back && *back == value) return text;
  }
  return units.empty() ? fixed(value) : fmt::format("{} {}", fixed(value), units.front().name);
}

}  // namespace millrace
