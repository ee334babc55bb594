// decisions.csv, written and read: every choice of a quantization policy with all its inputs, so that a
// policy can be replayed from this file alone. One row per choice:
//
//   time_ns .. observed_mbit_per_s  the instant, the microbatch and the choice; the goodput seen last
//   stage                           the number of the sending stage, from 1: a policy per stage
//   images .. ready_bytes           the policy's input (Outgoing)
//   seen                            the acknowledgements since this stage's previous row, oldest first,
//                                   separated by blanks:
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

// Parses the text of a whole file; errors call it `name`. A last line without a line end is ignored: the run
// was killed while writing it.
Result<std::vector<LoggedDecision>> parse_decisions(std::string_view text, const std::string& name);
Result<std::vector<LoggedDecision>> read_decisions(const std::string& path);

// The policy's choices for the logged inputs. REQUIRES that all decisions are of one stage, and a policy
// without any inputs so far.
std::vector<Budget> replay(std::span<const LoggedDecision> decisions, QuantizationPolicy& policy);

}  // namespace millrace
