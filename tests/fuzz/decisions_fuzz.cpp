// decisions.csv under arbitrary bytes: accepted rows must be written back unchanged, and every policy must
// cope with them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.hpp"
#include "runtime/policy/registry.hpp"
#include "sim/run/decision_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  const std::string rows(reinterpret_cast<const char*>(bytes), size);
  // Mutations seldom produce the header, which never changes.
  const bool whole = rows.starts_with("time_ns");
  const auto read = parse_decisions(whole ? rows : std::string(kDecisionColumns) + "\n" + rows, "input");
  if (!read) {
    MR_CHECK(read.error().message.starts_with("input:"), "an error names its file");
    return 0;
  }
  std::string again = std::string(kDecisionColumns) + "\n";
  for (const auto& decision : *read) again += decision_row(decision) + "\n";
  const auto reread = parse_decisions(again, "again");
  MR_CHECK(reread && reread->size() == read->size(), "what was read can be written and read");
  for (std::size_t i = 0; i < read->size(); ++i)
    MR_CHECK((*reread)[i].record.seen == (*read)[i].record.seen &&
             (*reread)[i].record.outgoing == (*read)[i].record.outgoing);
  for (const auto& kind : quantization_policy_names()) {
    PolicySection::Quantization section;
    section.kind = kind;
    section.target_images_per_s = 10;
    const auto policy = make_quantization_policy(section);
    for (const Budget budget : replay(*read, **policy))
      MR_CHECK(budget.bits_per_value >= kFewestBits && budget.bits_per_value <= kMostBits);
  }
  return 0;
}
