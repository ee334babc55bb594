// decisions.csv, written and read: every choice of a quantization policy with all it had been told, so that a
// policy can be asked again from this file alone. One row per choice:
//
//   time_ns .. observed_mbit_per_s  what was decided, when, for which microbatch; the goodput seen last
//   stage                           the number of the sending stage, from 1: a policy per stage
//   images .. ready_bytes           its Outgoing
//   seen                            the acknowledgements since the row before of this stage, oldest first,
//                                   with a blank between two:
//                                   microbatch/sent_ns/acknowledged_ns/bytes/values/images
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/node/record.hpp"
#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

inline constexpr std::string_view kDecisionColumns =
    "time_ns,from,to,microbatch,policy,bits_per_value,observed_mbit_per_s,stage,images,values,encode_ns,"
    "waiting,"
    "in_flight,in_flight_bytes,oldest_sent_ns,ready,ready_bytes,seen";

struct LoggedDecision {
  Time at;
  NodeId stage;
  std::string from, to;  // device names
  DecisionRecord record;
};

// Without the line's end.
std::string decision_row(const LoggedDecision& decision);

// `name` stands in errors for the text, which is that of a whole file. A last line without its end is left
// out: the run was killed while it wrote it.
Result<std::vector<LoggedDecision>> parse_decisions(std::string_view text, const std::string& name);
Result<std::vector<LoggedDecision>> read_decisions(const std::string& path);

// What the policy gives when it is told again what was logged. REQUIRES all are of one stage, and a policy
// that has been told nothing.
std::vector<Budget> replay(std::span<const LoggedDecision> decisions, QuantizationPolicy& policy);

}  // namespace millrace
