#include "runtime/scenario/did_you_mean.hpp"

#include <algorithm>
#include <utility>

#include "runtime/yaml/decimal.hpp"

namespace millrace {
namespace {

constexpr std::size_t kLongest = 64;  // no name is longer

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_up(b.size() + 1);
  std::vector<std::size_t> up(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_up = std::exchange(up, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_up[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > kLongest) return "";
  const std::string wanted = lower_case(word);
  std::size_t smallest = std::min<std::size_t>(2, word.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : known) {
    if (const std::size_t distance = edit_distance(wanted, candidate); distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  if (!best.empty() || wanted.size() < 3) return best;
  const auto begun = [&](const std::string& candidate) { return candidate.starts_with(wanted); };
  if (std::ranges::count_if(known, begun) == 1) best = *std::ranges::find_if(known, begun);  // "sim"
  return best;
}

}  // namespace millrace
