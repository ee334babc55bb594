// Helpers of the scenario tests: a good scenario, changes of its lines, its faults as text.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/scenario/scenario_reader.hpp"

namespace millrace {

// Three boards in a row and a camera that is source and sink; refers to no files. Line numbers matter to
// tests.
inline const std::string kGoodScenario =
    "millrace: 1\n"                                                        // 1
    "name: good\n"                                                         // 2
    "model: {name: vit-tiny}\n"                                            // 3
    "workload: {images: 10}\n"                                             // 4
    "devices:\n"                                                           // 5
    "  - {name: camera, runs: [source, sink]}\n"                           // 6
    "  - {name: board-a, speed: 8 GFLOP/s}\n"                              // 7
    "  - {name: board-b, speed: 4 GFLOP/s}\n"                              // 8
    "network:\n"                                                           // 9
    "  links:\n"                                                           // 10
    "    - {between: [camera, board-a], rate: 1 Gbit/s, delay: 0.2 ms}\n"  // 11
    "    - {between: [board-a, board-b], rate: 20 Mbit/s, delay: 5 ms}\n"  // 12
    "    - {between: [board-b, camera], rate: 1 Gbit/s}\n"                 // 13
    "policy:\n"                                                            // 14
    "  partition: {kind: even}\n"                                          // 15
    "run: {mode: cosim}\n";                                                // 16

inline std::string with(std::string text, const std::string& old_part, const std::string& new_part) {
  const std::size_t at = text.find(old_part);
  if (at == std::string::npos) throw std::logic_error("the scenario has no \"" + old_part + "\"");
  return text.replace(at, old_part.size(), new_part);
}
inline std::string changed(const std::string& old_part, const std::string& new_part) {
  return with(kGoodScenario, old_part, new_part);
}

inline ReadScenario read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read_scenario_text(text, "s.yaml", "", {.overrides = overrides});
}
// One line per problem.
inline std::string faults(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return to_string(read(text, overrides).problems);
}

}  // namespace millrace
