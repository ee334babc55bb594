// Receives what happens in a run: the run directory, tests. An observer can only end a run (interrupted()).
#pragma once

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/conductor/orders.hpp"
#include "runtime/node/message.hpp"
#include "runtime/node/record.hpp"

namespace millrace {

// A message that crossed the network.
struct TransferRecord {
  TransferId id;
  NodeId from, to;
  bool activation = false;
  std::optional<MicrobatchId> microbatch;
  Bytes size;  // as sent, frame included
  std::uint64_t values = 0;
  Time submitted, delivered;
  Duration queued, wire, propagation;  // sum: delivered - submitted
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_record(Time now, NodeId node, const Record& record) = 0;
  virtual void on_transfer(const TransferRecord& transfer) = 0;
  // What follows is of this epoch, whose plan its node ids belong to. Epochs may come back: a device that
  // hung goes on in the one that it knows.
  virtual void on_epoch(Epoch /*epoch*/, const Plan& /*plan*/) {}
  virtual void on_recovery(const RecoveryRecord& /*recovery*/) {}
  // Asked often; true ends the run where it stands (Ctrl-C).
  virtual bool interrupted() { return false; }
};

}  // namespace millrace
