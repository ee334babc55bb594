// The records that a node reports for the run directory: facts, never commands.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/node/work.hpp"
#include "runtime/policy/link_sample.hpp"
#include "runtime/policy/outgoing.hpp"

namespace millrace {

// One microbatch through one stage.
struct StageRecord {
  MicrobatchId microbatch;
  std::uint32_t images = 0;
  Time arrived, started, computed, encoded, sent;  // in this order, not decreasing
  WorkCost cost;
  double bit_width = 0;
  std::uint64_t values = 0;
  Bytes payload;
};

// One microbatch that arrived at the sink.
struct CompletionRecord {
  MicrobatchId microbatch;
  std::uint32_t images = 0;
  Time created;    // on the source's clock
  Time completed;  // on the sink's clock
  std::vector<ImageOutput> outputs;
};

// A quantization policy's choice and all of its input: enough to repeat the choice
// (sim/run/decision_log.hpp).
struct DecisionRecord {
  NodeId to;
  std::string policy;
  double bits_per_value = 0;
  double observed_mbit_per_s = 0;  // goodput of the last acknowledged activation; 0 before the first
  Outgoing outgoing;
  std::vector<LinkSample> seen;  // since the previous decision, in order of arrival; at most kMaxSeen
  static constexpr std::size_t kMaxSeen = 4096;  // four times the largest window
};

using Record = std::variant<StageRecord, CompletionRecord, LinkSample, DecisionRecord>;

}  // namespace millrace
