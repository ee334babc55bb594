// The --help summaries of the verbs of real links, for the programs that have them.
#pragma once

namespace millrace {

inline constexpr const char* kShapeSummary = "hold an interface of this machine at a rate or a trace";
inline constexpr const char* kCleanSummary = "remove what a killed millrace left on this machine";

}  // namespace millrace
