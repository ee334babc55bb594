// What conductor and devices say to each other. Surprising fact: none of it has to arrive. A Status is all
// that a device has to say, an Order all that the conductor wants of it; either is repeated until the other
// side shows that it has been heard, so messages may be lost, repeated and late.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/units.hpp"
#include "runtime/node/epoch.hpp"
#include "runtime/planner/plan.hpp"

namespace millrace {

struct Status {
  DeviceId device;
  std::uint64_t incarnation = 0;  // grows with each start of the device's program, which then holds nothing
  std::uint64_t number = 0;       // grows with each status of an incarnation; a lower one is late
  std::optional<Epoch> epoch{};   // the newest that it was ordered; nothing: none
  bool loaded = false;            // its nodes of that epoch are ready
  bool leaving = false;           // it goes, and wants no part in later epochs
  std::string broken{};           // why that epoch cannot go on here; empty: it can
  Bytes moved{};                  // what it loaded for that epoch
  // Where the source is:
  bool begun = false;      // it sends in that epoch
  MicrobatchId told{};     // all before this one may be forgotten
  std::uint64_t sent = 0;  // microbatches that have left at least once
  // Where the sink is: all before this one are recorded.
  MicrobatchId recorded{};
};

struct Order {
  Epoch epoch;
  Plan plan;
  std::optional<MicrobatchId> first{};  // every node of the epoch is ready: the source sends from this one on
  MicrobatchId recorded{};              // the source may forget all before this one
};

// One change of epoch: a row of recovery.csv. An instant that was not reached is absent.
struct RecoveryRecord {
  Epoch epoch;
  std::string cause;  // crash, hang, leave, restart, broken
  DeviceId device;
  Time fault;  // for the conductor: when the device was last heard
  Time noticed;
  std::optional<Time> planned{}, loaded{}, first_result{};
  std::uint64_t recomputed = 0;  // microbatches sent again
  Bytes moved{};                 // weights loaded into memory
};

}  // namespace millrace
