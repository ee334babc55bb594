// libFuzzer entry: any bytes as an accuracy table. Nothing throws, and accepted values are within their
// limits.
#include <cstddef>
#include <cstdint>

#include "runtime/base/check.hpp"
#include "runtime/planner/accuracy_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto rows = millrace::parse_accuracy_table(text, "fuzz.csv");
  if (!rows) return 0;
  for (const auto& row : *rows)
    MR_CHECK(row.count > 0 && row.correct <= row.count && row.bits > 0 && row.bits <= 32, "rows are sound");
  const auto known = millrace::accuracies_of(*rows, rows->back().codec, "", 48);
  if (!known) return 0;
  for (const auto& width : known->widths) {
    for (const double share : width.retained) MR_CHECK(share >= 0 && share <= 1, "shares are within 0 and 1");
  }
  return 0;
}
