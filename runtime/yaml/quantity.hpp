// Numbers and numbers with units, as texts of a YAML file, read strictly and exactly. A number is decimal
// digits with an optional minus and fraction: no exponent, no `0x10`, `010`, `1_000`, `.5`, `.inf`.
// Durations, rates and sizes become integer ns, bit/s and bytes without going through floating point; a value
// that is not a whole number of them (`0.5 ns`, `0.3 B`) is an error, it is not rounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

enum class Unit : std::uint8_t {
  none,
  duration,    // ns us ms s min h            -> ns
  rate,        // bit/s kbit/s … Tbit/s       -> bit/s; powers of 1000
  size,        // B KiB MiB GiB kB MB GB      -> bytes
  speed,       // FLOP/s MFLOP/s … TFLOP/s    -> FLOP/s
  image_rate,  // /s                          -> images/s
  length,      // m km                        -> m
};

// ns, us, ms, s, min, h: the names that a message or schema lists, in rising order.
std::vector<std::string_view> unit_names(Unit unit);

// Whole numbers: Unit::none is an integer, the others count ns, bit/s, bytes. REQUIRES unit is not speed,
// image_rate or length. The error's message is a predicate without its subject: `needs a unit (…), got "5"`.
Result<std::int64_t> parse_exact(Unit unit, std::string_view text);
// Real numbers, correctly rounded: Unit::none, speed, image_rate, length; and duration in seconds.
Result<double> parse_real(Unit unit, std::string_view text);

// The text in the largest unit that gives a whole number: "5 ms", "64 KiB"; "1500 kbit/s" for 1.5 Mbit/s.
std::string format_exact(Unit unit, std::int64_t value);
// REQUIRES value finite and >= 0.
std::string format_real(Unit unit, double value);

}  // namespace millrace
