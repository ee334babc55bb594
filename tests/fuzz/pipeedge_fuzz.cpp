// libFuzzer entry: any bytes as PipeEdge's three files and a schedule, split at lines of "=". Nothing throws;
// an accepted problem is sound, and an accepted schedule survives being written and read again.
#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/planner/pipeedge_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  std::string rest(reinterpret_cast<const char*>(bytes), size);
  std::array<std::string, 4> texts;
  for (auto& text : texts) {
    const auto end = rest.find("\n=\n");
    text = rest.substr(0, end == std::string::npos ? end : end + 1);
    rest = end == std::string::npos ? std::string() : rest.substr(end + 3);
  }
  const auto problem = parse_pipeedge_problem({texts[0], texts[1], texts[2]}, "m", 8);
  if (!problem) return 0;
  MR_CHECK(check_problem(*problem).ok(), "an accepted problem is sound");
  const auto stages = parse_pipeedge_schedule(texts[3], "schedule.yml", *problem);
  if (!stages) return 0;
  const std::string written = pipeedge_schedule(*problem, *stages);
  const auto back = parse_pipeedge_schedule(written, "back.yml", *problem);
  MR_CHECK(back.ok() && pipeedge_schedule(*problem, *back) == written, "a written schedule reads back");
  return 0;
}
