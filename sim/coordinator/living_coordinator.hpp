// Virtual time where devices may fail: the coordinator's loop, with a conductor above it and a member on
// every device. Nodes come and go with epochs; source and sink stay. Surprising fact: what the conductor
// hears and says does not cross the run's links. It takes a stated time, or is lost.
//
// The order at equal instants is part of the contract: messages between nodes of one device first; then
// faults, timers of conductor and members and what they say, in the order in which they were arranged; then
// the node with the smallest id; then the network.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/conductor/conductor.hpp"
#include "runtime/conductor/member.hpp"
#include "runtime/model/layer_range.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/fault.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/coordinator/under_way.hpp"
#include "sim/net/network.hpp"

namespace millrace {

class LivingCoordinator {
 public:
  // What it takes to load the stages of a device.
  struct Loading {
    Duration takes;
    Bytes moved;
  };
  struct Setup {
    Plan plan;         // of epoch 0
    Network& network;  // outlives the coordinator, as does the observer
    RunObserver& observer;
    std::vector<std::string> devices;  // names
    Duration heartbeat;
    Duration patience{};  // how long to wait for devices if no plan fits
    std::vector<Fault> faults{};
    std::function<Result<std::unique_ptr<Attachment>>(const Plan&, NodeId, Epoch)> build;
    std::function<Result<Plan>(const std::vector<bool>& usable)> plan_for;
    // The time that planning takes, and that a word between the conductor and a device takes (nothing: it is
    // lost).
    std::function<Duration()> planning = [] { return Duration{}; };
    enum class Way : std::uint8_t { to_device, from_device };
    std::function<std::optional<Duration>(DeviceId, Way)> word = [](DeviceId, Way) {
      return Duration::ms(1);
    };
    // `held`: the sub-layers whose weights are in the device's memory.
    std::function<Loading(DeviceId, const std::vector<LayerRange>& held, const Plan&)> loading =
        [](DeviceId, const std::vector<LayerRange>&, const Plan&) { return Loading{}; };
    std::function<void(DeviceId, double factor)> slow = [](DeviceId, double) {};
    // Why nothing arrives from one device at another at this instant, for the error of a stuck run.
    std::function<std::string(DeviceId from, DeviceId to, Time at)> why{};
    std::function<Result<void>()> after_each{};  // event; tests check what must hold. An error ends the run
  };
  explicit LivingCoordinator(Setup setup);
  ~LivingCoordinator();
  LivingCoordinator(const LivingCoordinator&) = delete;
  LivingCoordinator& operator=(const LivingCoordinator&) = delete;

  // Runs from time 0 until the sink finishes; returns that instant.
  Result<Time> run();
  Time now() const { return now_; }

  const Conductor& conductor() const { return conductor_; }
  // A node that exists: it has been built and not been forgotten.
  struct Living {
    DeviceId device;
    Epoch epoch;
    NodeId node;
    bool takes = false;  // messages of its epoch are handed to it
  };
  std::vector<Living> nodes() const;
  const Plan& plan_of(Epoch epoch) const { return plans_.at(epoch.value); }

 private:
  class ToDevices;
  class FromMember;
  enum class Role : std::uint8_t { source, stage, sink };
  struct Seat {
    DeviceId device;
    Epoch epoch;
    NodeId node;
    Role role = Role::stage;
    std::unique_ptr<Attachment> attachment;
    Time promise = Time::never();
  };
  struct Device {
    std::unique_ptr<Member> member;             // null: not there
    std::uint64_t incarnation = 0;              // of the member, or of the next one
    Time hangs_until;                           // hangs while it is later than now
    std::optional<Epoch> cut;                   // messages of epochs up to it do not arrive
    std::optional<Time> fault;                  // when the last one happened
    std::deque<std::function<void()>> waiting;  // until it does not hang any more
    std::vector<LayerRange> held;
  };
  enum class Weight : std::uint8_t { routine, event };

  Device& at(DeviceId device) { return devices_.at(device.value); }
  bool hangs(const Device& device) const { return device.hangs_until > now_; }
  Result<void> start();
  Result<void> step();
  void arrange(Time when, Weight weight, std::function<void()> what);
  void tell(std::optional<Duration> takes, Weight weight, std::function<void()> what);
  void on_device(DeviceId device, std::uint64_t incarnation, const std::function<void()>& what);
  void member_event(DeviceId device, const std::function<void(Member&, MemberOutbox&)>& what);
  void conductor_event(const std::function<Result<void>(ConductorOutbox&)>& what);
  void fail(const Result<void>& result);

  // living_faults.cpp
  void begin(const Fault& fault);
  void crash(const Fault& fault);
  void hang(const Fault& fault);
  void end_hang(DeviceId device);
  void leave(const Fault& fault);
  void gone(DeviceId device);
  void arrive(DeviceId device);

  void load(DeviceId device, Epoch epoch, const Plan& plan);
  void loaded(DeviceId device, Epoch epoch, const Plan& plan, Bytes moved);
  void tell_end(DeviceId device, Role role, Event event);
  Result<void> build(const Plan& plan, NodeId node, Epoch epoch);

  Result<void> hand_over(Seat& seat, Event event);
  Result<void> take(Seat& seat, Turn turn);
  void send(const Seat& seat, Turn::Send sent);
  void deliver(const Delivery& delivery);
  void receive(const NodeMessage& message);
  Error in_context(const Seat& seat, const Error& error) const;
  void tell_epoch(Epoch epoch);
  bool idle() const;
  Error stuck() const;

  struct Arranged {
    Weight weight;
    std::function<void()> what;
  };
  Setup setup_;
  Time now_;
  Conductor conductor_;
  std::vector<Device> devices_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<Plan> plans_;                 // by epoch
  std::map<Epoch, Time> first_results_;     // of epochs after the first
  std::multimap<Time, Arranged> arranged_;  // equal instants: first arranged, first run
  std::size_t events_ = 0;                  // arranged that are not routine
  std::deque<NodeMessage> local_;           // between nodes of one device
  UnderWay under_way_;
  std::optional<Epoch> told_ = Epoch{0};  // the epoch that the observer believes in
  Time moved_;                            // when something last happened that is not routine
  std::optional<Error> failure_;
  bool finished_ = false;
};

}  // namespace millrace
