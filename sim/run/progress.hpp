// The run's progress as a line on stderr: rewritten in place on a terminal, every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/coordinator/observer.hpp"

namespace millrace {

class Progress final : public RunObserver {
 public:
  // Passes everything on to `next`, which outlives it.
  Progress(RunObserver& next, std::uint64_t microbatches);
  ~Progress() override;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void on_record(Time now, NodeId node, const Record& record) override;
  void on_transfer(const TransferRecord& transfer) override { next_.on_transfer(transfer); }
  bool interrupted() override;

 private:
  using Clock = std::chrono::steady_clock;
  void show(bool last);

  RunObserver& next_;
  std::uint64_t all_, done_ = 0, images_ = 0;
  Time now_;
  bool terminal_;
  bool shown_ = false;
  std::uint32_t asked_ = 0;
  Clock::time_point began_, next_show_;
};

}  // namespace millrace
