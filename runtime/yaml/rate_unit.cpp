#include "runtime/yaml/rate_unit.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace millrace {
namespace {

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return low;
}

// The text without its ending for "per second".
std::string_view without_per_second(std::string_view text) {
  const std::string low = lower(text);
  for (const std::string_view ending : {"/second", "/sec", "/s", "ps"}) {
    if (low.ends_with(ending)) return text.substr(0, text.size() - ending.size());
  }
  return text;
}

struct Noun {
  std::string_view prefix;
  bool bytes, spelt_out;
};
std::optional<Noun> noun_of(std::string_view text) {
  const std::string low = lower(text);
  for (const auto& [word, bytes] :
       {std::pair<std::string_view, bool>("bits", false), {"bit", false}, {"bytes", true}, {"byte", true}}) {
    if (low.ends_with(word)) return Noun{text.substr(0, text.size() - word.size()), bytes, true};
  }
  if (text.ends_with('b')) return Noun{text.substr(0, text.size() - 1), false, false};
  if (text.ends_with('B')) return Noun{text.substr(0, text.size() - 1), true, false};
  return std::nullopt;
}

std::int64_t power(std::int64_t base, int exponent) {
  std::int64_t product = 1;
  for (int i = 0; i < exponent; ++i) product *= base;
  return product;
}

constexpr std::string_view kShouted =
    "all in capitals it may be of bits or of bytes; write Mbit/s or MB/s (k, M, G alike)";
constexpr std::string_view kTwoKilobytes =
    "it is 1000 bytes/s to some and 1024 to others; write kB/s or KiB/s";

}  // namespace

std::optional<RateUnit> rate_unit(std::string_view text) {
  const auto noun = noun_of(without_per_second(text));
  if (!noun) return std::nullopt;
  std::string_view prefix = noun->prefix;
  const bool binary = prefix.size() == 2 && prefix[1] == 'i';
  if (binary) prefix.remove_suffix(1);
  constexpr std::array<std::string_view, 5> kPrefixes{"", "kK", "mM", "gG", "tT"};
  int exponent = 0;
  if (!prefix.empty()) {
    const auto found = std::find_if(kPrefixes.begin() + 1, kPrefixes.end(), [&](std::string_view p) {
      return prefix.size() == 1 && p.find(prefix[0]) != std::string_view::npos;
    });
    if (found == kPrefixes.end()) return std::nullopt;
    exponent = static_cast<int>(found - kPrefixes.begin());
  }
  RateUnit unit{.bytes = noun->bytes};
  const bool by_1024 = binary || (noun->bytes && noun->spelt_out);
  unit.bit_per_s = power(by_1024 ? 1024 : 1000, exponent) * (noun->bytes ? 8 : 1);
  unit.si_bit_per_s = power(binary ? 1024 : 1000, exponent) * (noun->bytes ? 8 : 1);
  if (noun->bytes && !noun->spelt_out && !binary) {
    if (text.ends_with("PS"))
      unit.doubt = kShouted;
    else if (prefix == "K")
      unit.doubt = kTwoKilobytes;
  }
  return unit;
}

}  // namespace millrace
