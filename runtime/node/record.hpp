// What a node tells the run about itself, for the run directory: facts, never commands.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/node/work.hpp"

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

// One microbatch arrived at the sink.
struct CompletionRecord {
  MicrobatchId microbatch;
  std::uint32_t images = 0;
  Time created;    // on the source's clock
  Time completed;  // on the sink's clock
  std::vector<ImageOutput> outputs;
};

// What a sender learned of the link: both instants on its own clock.
struct LinkSample {
  NodeId to;
  MicrobatchId microbatch;
  Time sent, acknowledged;
  Bytes size;
  std::uint64_t values = 0;
};

// A quantization policy's choice and what it had seen.
struct DecisionRecord {
  NodeId to;
  MicrobatchId microbatch;
  std::string policy;
  double bits_per_value = 0;
  double observed_mbit_per_s = 0;  // goodput of the last acknowledged activation; 0 before the first
};

using Record = std::variant<StageRecord, CompletionRecord, LinkSample, DecisionRecord>;

}  // namespace millrace
