#include "runtime/yaml/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

constexpr std::size_t kMaxDecimalLength = 400;  // the longest double written out, 5e-324, has 326 digits

Error fault(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Why a text that is meant as a number is not one.
std::string why_no_number(std::string_view text) {
  const std::string low = lower_case(text);
  std::string_view body = low;
  if (!body.empty() && (body.front() == '-' || body.front() == '+')) body.remove_prefix(1);
  if (text.empty()) return "needs a number, got nothing";
  if (body == ".inf" || body == ".nan" || body == "inf" || body == "nan" || body == "infinity")
    return fmt::format("must be a finite number, got \"{}\"", shown(text));
  if (body.starts_with("0x") || body.starts_with("0o") || body.starts_with("0b"))
    return fmt::format("must be written in decimal digits, got \"{}\"", shown(text));
  if (body.find('_') != std::string_view::npos || body.find(',') != std::string_view::npos)
    return fmt::format("must be written without _ or , between digits, got \"{}\"", shown(text));
  if (body.size() > 1 && body[0] == '0' && is_digit(body[1]))
    return fmt::format("must not begin with 0, which YAML 1.1 reads as octal, got \"{}\"", shown(text));
  const std::size_t e = body.find('e');
  if (e != std::string_view::npos && e > 0 && is_digit(body[e - 1]) && e + 1 < body.size() &&
      std::string_view("0123456789+-").find(body[e + 1]) != std::string_view::npos)
    return fmt::format("must be written without an exponent, got \"{}\"", shown(text));
  if (text.front() == '+') return fmt::format("must be written without +, got \"{}\"", shown(text));
  if (text.front() == '.' || text.back() == '.')
    return fmt::format("needs digits on both sides of the decimal point, got \"{}\"", shown(text));
  return fmt::format("must be a number, got \"{}\"", shown(text));
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Result<void> check_decimal(std::string_view text) {
  std::string_view body = text;
  if (body.starts_with('-')) body.remove_prefix(1);
  const std::size_t point = body.find('.');
  const std::string_view whole = body.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : body.substr(point + 1);
  const bool good = all_digits(whole) && (point == std::string_view::npos || all_digits(fraction)) &&
                    (whole.size() == 1 || whole.front() != '0');
  if (!good) return fault(why_no_number(text));
  if (text.size() > kMaxDecimalLength)
    return fault(fmt::format("is longer than {} characters, got \"{}\"", kMaxDecimalLength, shown(text)));
  return {};
}

Result<Decimal> parse_decimal(std::string_view text) {
  if (const auto good = check_decimal(text); !good) return good.error();
  const std::size_t point = text.find('.');
  std::string digits(text);
  int places = 0;
  if (point != std::string_view::npos) {
    digits.erase(point, 1);
    places = static_cast<int>(digits.size() - point);
    while (places > 0 && digits.back() == '0') digits.pop_back(), --places;
  }
  std::int64_t mantissa = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), mantissa);
  if (problem != std::errc()) {
    const char* limit = places == 0 ? "is too large" : "has too many digits";
    return fault(fmt::format("{}, got \"{}\"", limit, shown(text)));
  }
  return Decimal{mantissa, places};
}

bool surprises_as_text(std::string_view plain) {
  static constexpr std::array<std::string_view, 9> kWords{"y",   "n",    "yes",   "no",  "on",
                                                          "off", "true", "false", "null"};
  const std::string low = lower_case(plain);
  if (low.empty() || low == "~" || std::find(kWords.begin(), kWords.end(), low) != kWords.end()) return true;
  std::string_view body = low;
  if (body.front() == '-' || body.front() == '+') body.remove_prefix(1);
  if (body == ".inf" || body == ".nan") return true;
  if (body.starts_with("0x")) return body.find_first_not_of("0123456789abcdef_", 2) == std::string_view::npos;
  if (body.starts_with("0b") || body.starts_with("0o"))
    return body.find_first_not_of("01234567_", 2) == std::string_view::npos;
  if (body.empty() || body.find_first_of("0123456789") == std::string_view::npos) return false;
  if (std::count(body.begin(), body.end(), '.') > 1) return false;  // 192.0.2.7:7000: text to all readers
  const std::size_t exponent = body.find('e');
  const std::string_view mantissa = body.substr(0, exponent);
  if (mantissa.empty() || mantissa.find_first_not_of("0123456789._:") != std::string_view::npos) return false;
  return exponent == std::string_view::npos ||
         body.find_first_not_of("0123456789+-", exponent + 1) == std::string_view::npos;
}

}  // namespace millrace
