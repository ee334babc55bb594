// libFuzzer entry: any bytes as a scenario. Nothing throws, and a scenario that is accepted survives being
// written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using millrace::read_scenario_text;
  const millrace::ReadOptions options{.overrides = {}, .files = millrace::FileCheck::leave_as_written};
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto read = read_scenario_text(text, "fuzz.yaml", "", options);
  MR_CHECK(read.scenario.has_value() == read.problems.empty());
  if (!read.scenario) return 0;
  const auto back = read_scenario_text(millrace::resolved_yaml(*read.scenario), "back.yaml", "", options);
  MR_CHECK(back.scenario.has_value() && *back.scenario == *read.scenario);
  return 0;
}
