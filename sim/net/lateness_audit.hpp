// How late each event happens by the wall clock: the hard limit of mode emulate, and the percentiles in its
// summary. Surprising fact: the limit is per event; a single event beyond it is a violation, however punctual
// all others were.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/time.hpp"

namespace millrace {

enum class Lateness : std::uint8_t {
  network_event,  // an event inside the network, against its instant
  delivery,       // a message handed to its node, against its arrival
  send,           // a node's message at the network, against the instant it was sent
  compute,        // work, against the time in its profile
};
inline constexpr std::size_t kLatenessKinds = 4;

// Counts durations, in buckets no wider than 1/64 of their value; memory does not grow.
class LatenessCounts {
 public:
  void add(Duration late);
  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }
  // Nearest rank, as its bucket's upper end, at most max(). REQUIRES count() > 0 and 0 < share <= 1.
  Duration percentile(double share) const;

 private:
  static constexpr int kSteps = 64;  // per factor of two
  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(std::size_t{64} * kSteps);
  std::uint64_t count_ = 0;
  Duration max_;
};

class LatenessAudit {
 public:
  using Clock = std::function<Time()>;  // since the run's time 0, never decreasing
  struct Violation {
    Lateness kind;
    Time at;  // by the clock
    Duration late;
  };

  LatenessAudit(Duration limit, Clock clock) : limit_(limit), clock_(std::move(clock)) {}

  Time now() const { return clock_(); }
  Duration limit() const { return limit_; }
  // Notes that an event due at `due` happens now. False if it is too late; an early event counts as 0 late.
  bool note(Lateness kind, Time due) { return note(kind, due, clock_()); }
  bool note_duration(Lateness kind, Duration late) { return note(kind, Time::zero(), Time::zero() + late); }

  const LatenessCounts& of(Lateness kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  // The first violation.
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  bool note(Lateness kind, Time due, Time now);

  Duration limit_;
  Clock clock_;
  std::array<LatenessCounts, kLatenessKinds> counts_;
  std::optional<Violation> violation_;
};

}  // namespace millrace
