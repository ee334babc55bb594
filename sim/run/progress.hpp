// The run's progress as a line on stderr.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/live_line.hpp"
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
  std::string text() const;

  RunObserver& next_;
  std::uint64_t all_, done_ = 0, images_ = 0;
  Time now_;
  std::uint32_t asked_ = 0;
  LiveLine line_{{}};
};

}  // namespace millrace
