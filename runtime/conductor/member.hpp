// A device as a member of the run: takes orders, reports its status, and decides which messages its nodes
// get. A pure event machine, like nodes: a driver owns the device's nodes, hands over events with `now`, and
// does what is requested.
#pragma once

#include <string>

#include "runtime/base/time.hpp"
#include "runtime/conductor/orders.hpp"

namespace millrace {

// What a member requests of its driver.
class MemberOutbox {
 public:
  virtual ~MemberOutbox() = default;
  virtual void status(const Status& status) = 0;  // to the conductor
  // Forget every node of earlier epochs, and build the stages of this one that are here; source and sink are
  // told of the epoch, without a first microbatch. Answered by Member::on_loaded or on_failed.
  virtual void load(Epoch epoch, const Plan& plan) = 0;
  // The source here begins the epoch that is loaded.
  virtual void begin(MicrobatchId first) = 0;
  // The source here may forget all before `next`.
  virtual void confirm(MicrobatchId next) = 0;
  virtual void wake_at(Time when) = 0;
};

class Member {
 public:
  // `in_epoch_0`: a device of the run's first plan, or a spare one, as the run begins; its nodes are ready.
  // `empty`: one that has come later, or come back.
  enum class Start : std::uint8_t { in_epoch_0, empty };
  struct Config {
    DeviceId device;
    std::uint64_t incarnation = 0;
    Duration heartbeat;  // > 0: the longest time between two statuses
    Start start = Start::in_epoch_0;
    bool source = false;  // it has the run's source
  };
  explicit Member(const Config& config);

  void on_start(Time now, MemberOutbox& out);
  void on_timer(Time now, MemberOutbox& out);
  void on_order(Time now, const Order& order, MemberOutbox& out);
  // Outcomes of an epoch that has been replaced meanwhile are ignored.
  void on_loaded(Time now, Epoch epoch, Bytes moved, MemberOutbox& out);
  void on_failed(Time now, Epoch epoch, const std::string& why, MemberOutbox& out);
  // The sink here has recorded a microbatch; the source here has sent one.
  void on_recorded(Time now, MicrobatchId microbatch, MemberOutbox& out);
  void on_sent(MicrobatchId microbatch);
  void on_leave(Time now, MemberOutbox& out);

  // Whether a message of this epoch is for the nodes here. All others are late and to be dropped.
  bool takes(Epoch epoch) const { return status_.epoch == epoch && status_.loaded; }
  const Status& state() const { return status_; }

 private:
  void report(Time now, MemberOutbox& out);

  Config config_;
  Status status_;
  Time next_;  // when the next status is due
};

}  // namespace millrace
