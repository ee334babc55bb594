// Numbers as people write them on paper, and nothing else: an optional minus, digits, an optional fraction.
// No exponent, `+`, `0x10`, `010`, `1_000`, `.5`, `.inf`: readers of YAML disagree about those.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

// mantissa · 10^-places, places >= 0
struct Decimal {
  std::int64_t mantissa = 0;
  int places = 0;
};

// Errors here are predicates without a subject: `must be a number, got "x"`.
Result<void> check_decimal(std::string_view text);
// As check_decimal; in addition the digits must fit into 64 bits.
Result<Decimal> parse_decimal(std::string_view text);

// Whether YAML 1.1 reads the plain scalar as another type than text: yes, off, 010, 1_000, 1:30, .inf.
bool surprises_as_text(std::string_view plain);

// Changes ASCII letters only.
std::string lower_case(std::string_view text);

}  // namespace millrace
