// The conductor decides who lives and which plan holds. It hears of the devices' health and of what the sink
// has recorded, asks for a plan when one that it needs is lost, and moves the run from epoch to epoch. A pure
// event machine, like nodes, and the same object in every mode: it owns no clock and no connection.
//
//   running   the epoch's nodes work; the source has begun
//   checking  something broke, though its device lives: waits until it is known who else does not
//   planning  a plan for the devices that can be used has been asked for
//   loading   the next epoch is ordered; its nodes are being made
//   stranded  no plan fits the devices that can be used; others may come back
//
// A source begins an epoch only when each node of it is ready, and with the first microbatch that the sink
// has not recorded; the sink, which takes nothing of earlier epochs any more when it is ready, has told it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/conductor/orders.hpp"

namespace millrace {

// What the conductor requests of its driver.
class ConductorOutbox {
 public:
  virtual ~ConductorOutbox() = default;
  virtual void order(DeviceId to, const Order& order) = 0;
  // A plan with these devices, by index; source and sink stay where they are. Answered by
  // Conductor::on_planned with the same number. A request replaces the one before.
  virtual void plan(std::uint64_t number, const std::vector<bool>& usable) = 0;
  virtual void wake_at(Time when) = 0;
  // One per epoch after the first, when its first result is there, or when it ends without one.
  virtual void record(const RecoveryRecord& record) = 0;
};

class Conductor {
 public:
  struct Config {
    Plan plan;                         // of epoch 0, whose nodes are ready at the start
    std::vector<std::string> devices;  // names, by index
    std::vector<bool> present;         // at the start; the others may join
    Duration heartbeat;                // a device that is silent for two of these is lost
    Duration patience{};               // how long the run waits for devices if no plan fits
  };
  // So many epochs in a row that broke without a result end the run: the fault goes with it.
  static constexpr int kMostFruitless = 10;

  explicit Conductor(Config config);

  // An error ends the run; it says what could not be recovered.
  Result<void> on_start(Time now, ConductorOutbox& out);
  Result<void> on_status(Time now, const Status& status, ConductorOutbox& out);
  // The connection of that incarnation to its device has ended.
  Result<void> on_lost(Time now, DeviceId device, std::uint64_t incarnation, ConductorOutbox& out);
  Result<void> on_planned(Time now, std::uint64_t number, Result<Plan> plan, ConductorOutbox& out);
  Result<void> on_timer(Time now, ConductorOutbox& out);
  // The run has ended: records what is still open.
  void on_end(ConductorOutbox& out);

  Epoch epoch() const { return epoch_; }
  const Plan& plan() const { return plan_; }
  MicrobatchId recorded() const { return recorded_; }
  bool steady() const { return phase_ == Phase::running && !change_; }

 private:
  enum class Phase : std::uint8_t { running, checking, planning, loading, stranded };
  struct Peer {
    bool alive = false;
    std::uint64_t incarnation = 0;
    Time heard;
    Status status;
  };
  struct Broken {
    DeviceId device;
    Time at;
    std::string why;
  };

  bool in_plan(DeviceId device) const;
  bool is_end(DeviceId device) const { return device == plan_.source || device == plan_.sink; }
  bool suspected(const Peer& peer, Time now) const;
  std::vector<bool> usable(Time now) const;
  bool take(Time now, const Status& status);
  Result<void> lose(Time now, DeviceId device, const char* cause, ConductorOutbox& out);
  Result<void> notice(Time now, const Status& status, bool restarted, ConductorOutbox& out);
  Result<void> change(Time now, DeviceId device, const std::string& cause, ConductorOutbox& out);
  void ask(Time now, ConductorOutbox& out);
  Result<void> settle(Time now, ConductorOutbox& out);
  Result<void> settle_broken(Time now, ConductorOutbox& out);
  Result<void> settle_stranded(Time now, ConductorOutbox& out);
  void begin_if_loaded(Time now, ConductorOutbox& out);
  void note_results(Time now, ConductorOutbox& out);
  void remind(DeviceId device, ConductorOutbox& out) const;
  Order order_now(bool with_first) const;
  void close_record(ConductorOutbox& out);
  void arm(Time now, ConductorOutbox& out);

  Config config_;
  Plan plan_;
  Epoch epoch_;
  Phase phase_ = Phase::running;
  std::vector<Peer> peers_;
  MicrobatchId first_{0}, recorded_{0};
  std::optional<Broken> broken_;
  int fruitless_ = 0;
  std::uint64_t asked_ = 0;
  std::vector<bool> asked_usable_;
  std::optional<Time> stranded_;
  std::string no_plan_;                   // why none fits
  std::optional<RecoveryRecord> change_;  // not recorded yet
  std::optional<Time> armed_;
};

}  // namespace millrace
