#include "runtime/scenario/quantity.hpp"

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
#include "runtime/scenario/decimal.hpp"
#include "runtime/scenario/yaml_text.hpp"

namespace millrace {
namespace {

__extension__ using Wide = __int128;

struct NamedUnit {
  std::string_view name;
  std::int64_t factor;
  bool printed = true;  // used when we write; the rest is only read
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

// "20 Mbit/s" -> "20", "Mbit/s". The number ends where nothing of a number can follow.
struct Split {
  std::string_view number, unit;
};
Split split(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() &&
         (is_digit(text[end]) || std::string_view("+-._,").find(text[end]) != std::string_view::npos))
    ++end;
  if (end == 0) return {text, ""};
  // 0x10 and 1e9 are spoilt numbers, not numbers with units x10 and e9.
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

// Bytes where bits are wanted: the factor to bits, if `unit` is a rate in bytes.
std::optional<std::int64_t> bits_in_byte_rate(std::string_view unit) {
  constexpr std::array kByteRates{
      NamedUnit{"B/s", 8},           NamedUnit{"kB/s", 8'000},         NamedUnit{"KB/s", 8'000},
      NamedUnit{"MB/s", 8'000'000},  NamedUnit{"GB/s", 8'000'000'000}, NamedUnit{"KiB/s", 8'192},
      NamedUnit{"MiB/s", 8'388'608}, NamedUnit{"GiB/s", 8'589'934'592}};
  for (const auto& known : kByteRates) {
    if (known.name == unit) return known.factor;
  }
  return std::nullopt;
}

// number · factor, where that is a whole number that fits.
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

// The way a unit is often written elsewhere, in ours: Mbps, mbit/s, msec, KB, GFLOPS.
std::optional<std::string_view> usual_unit(Unit unit, std::string_view text) {
  std::string low = lower_case(text);
  if (unit == Unit::rate) {
    if (low.ends_with("bps")) low = low.substr(0, low.size() - 3) + "bit/s";
    if (low.ends_with("b/s") && !text.ends_with("B/s")) low = low.substr(0, low.size() - 3) + "bit/s";
    if (low.ends_with("bits/s")) low = low.substr(0, low.size() - 6) + "bit/s";
  }
  if (unit == Unit::duration) {
    if (low == "µs" || low == "μs" || low == "usec") low = "us";
    if (low == "msec") low = "ms";
    if (low == "sec" || low == "second" || low == "seconds") low = "s";
    if (low == "minute" || low == "minutes") low = "min";
    if (low == "hour" || low == "hours") low = "h";
  }
  if (unit == Unit::size) {
    if (low == "k" || low == "kb") low = "kib";
    if (low == "m" || low == "mb") low = "mib";
    if (low == "g" || low == "gb") low = "gib";
    if (low == "byte" || low == "bytes") low = "b";
  }
  if (unit == Unit::speed && low.ends_with("flops")) low = low.substr(0, low.size() - 1) + "/s";
  for (const auto& known : units_of(unit)) {
    if (lower_case(known.name) == low) return known.name;
  }
  return std::nullopt;
}

Error wrong_unit(Unit unit, std::string_view text, Split parts) {
  if (parts.unit.empty())
    return fault(fmt::format("needs a unit ({}), for example {}, got \"{}\"", listed(unit),
                             what_is_meant(unit), shown(text)));
  if (const auto bits = bits_in_byte_rate(parts.unit); unit == Unit::rate && bits) {
    const auto number = parse_decimal(parts.number);
    const Scaled exact = number ? scaled(*number, *bits) : Scaled{};
    const std::string advice =
        exact.fits ? "write " + format_exact(Unit::rate, exact.value) : "write it in bits";
    return fault(fmt::format("is a rate in bits, and \"{}\" is in bytes: {}", shown(text), advice));
  }
  if (unit == Unit::size && lower_case(parts.unit).find("bit") != std::string::npos)
    return fault(
        fmt::format("is a size in bytes, and \"{}\" is in bits: write it in {}", shown(text), listed(unit)));
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
