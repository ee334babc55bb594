// Limits how long, by the wall clock, a network may be pulled without an arrival and without a node that has
// something to do. Packet networks may have events for years of virtual time (beacons, cross traffic) before
// anything happens in the pipeline, for example with a device so slow that an image takes a year.
#pragma once

#include <chrono>

#include "runtime/base/time.hpp"
#include "sim/coordinator/observer.hpp"

namespace millrace {

class Patience final : public RunObserver {
 public:
  // Passes everything on to `next`, which outlives it.
  Patience(RunObserver& next, Duration limit) : next_(next), limit_(limit) {}

  void on_record(Time now, NodeId node, const Record& record) override { next_.on_record(now, node, record); }
  void on_transfer(const TransferRecord& transfer) override { next_.on_transfer(transfer); }
  // Called only by the coordinator, at each step of the run.
  bool interrupted() override;
  // Called by the network inside a pull (NetworkTaps::stop): whether the pull is to end.
  bool lost_in_a_pull();
  bool lost() const { return lost_; }

 private:
  using Clock = std::chrono::steady_clock;

  RunObserver& next_;
  Duration limit_;
  bool pulling_ = false, lost_ = false;
  Clock::time_point since_;
};

}  // namespace millrace
