// Keeps all records of a run, in their order.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "runtime/wire/messages.hpp"
#include "sim/coordinator/observer.hpp"

namespace millrace {

class RecordingObserver final : public RunObserver {
 public:
  void on_record(Time now, NodeId node, const Record& record) override {
    log.push_back(to_frame(Report{node, now, {record}, false}).meta);
    records.emplace_back(now, node, record);
  }
  void on_transfer(const TransferRecord& transfer) override { transfers.push_back(transfer); }
  bool interrupted() override { return interrupt_after > 0 && ++asked_ > interrupt_after; }

  template <class Kind>
  std::vector<Kind> records_of() const {
    std::vector<Kind> found;
    for (const auto& [now, node, record] : records) {
      if (const auto* one = std::get_if<Kind>(&record)) found.push_back(*one);
    }
    return found;
  }

  std::vector<std::string> log;  // every record with its instant and node, as bytes: for comparison
  std::vector<std::tuple<Time, NodeId, Record>> records;
  std::vector<TransferRecord> transfers;
  int interrupt_after = 0;  // number of questions; 0: never

 private:
  int asked_ = 0;
};

}  // namespace millrace
