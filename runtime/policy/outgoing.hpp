// What a stage tells its policy when it asks for bits: the microbatch, and the state of the sender ahead of
// it. A policy sees only this and the LinkSamples, and every field is written to decisions.csv.
#pragma once

#include <cstdint>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

// Activations that go before the next one. Sizes are of payloads, without frames.
struct SenderState {
  std::uint32_t in_flight = 0;  // sent and not acknowledged, at most the window
  Bytes in_flight_size;
  Time oldest_sent;         // when the oldest of those was sent; 0 where none is in flight
  std::uint32_t ready = 0;  // encoded and waiting for credit, at most the window
  Bytes ready_size;
  bool operator==(const SenderState&) const = default;
};

// What is about to be encoded and sent.
struct Outgoing {
  MicrobatchId microbatch;
  std::uint32_t images = 0;
  std::uint64_t values = 0;   // float values to be encoded
  Duration encode;            // time of the stage's previous encoding; 0 before the first
  std::uint32_t waiting = 0;  // activations that wait to be processed after this one
  SenderState sender;
  bool operator==(const Outgoing&) const = default;
};

}  // namespace millrace
