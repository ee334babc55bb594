#include "sim/ns3/simulation.hpp"

#include <ns3/object-factory.h>

#include <atomic>

#include "sim/ns3/peeking_scheduler.hpp"

namespace millrace {
namespace {

// Whether a Simulation is alive: ns-3's own simulator is a global that cannot be shared.
std::atomic<bool> taken{false};

void stop() { ns3::Simulator::Stop(); }

// Schedules a stop of our own, which is not an event of the network.
ns3::EventId scheduled_stop(const ns3::Time& delay) {
  ns3::EventId id = ns3::Simulator::Schedule(delay, &stop);
  PeekingScheduler::current()->own(id.PeekEventImpl());
  return id;
}

}  // namespace

Result<std::unique_ptr<Simulation>> Simulation::take() {
  if (taken.exchange(true))
    return Error{"making an ns-3 network: this process has one already, and ns-3 allows only one at a time"};
  ns3::ObjectFactory scheduler;
  scheduler.SetTypeId(PeekingScheduler::GetTypeId());
  ns3::Simulator::SetScheduler(scheduler);
  return std::unique_ptr<Simulation>(new Simulation);
}

Duration Simulation::before_zero_;

void Simulation::warm_up(Duration span) {
  run_before(now() + span);
  before_zero_ = Duration::ns(ns3::Simulator::Now().GetNanoSeconds());
}

Simulation::~Simulation() {
  before_zero_ = Duration{};
  ns3::Simulator::Destroy();
  taken = false;
}

Time Simulation::next_event() {
  const Time next = PeekingScheduler::current()->next();
  return next == Time::never() ? next : next - before_zero_;
}

void Simulation::listen(std::function<void(Time due)> listener) {
  PeekingScheduler::current()->listen([heard = std::move(listener)](Time due) { heard(due - before_zero_); });
}

void Simulation::run_before(Time limit) {
  ns3::EventId end;
  // Events at the limit that were scheduled earlier would run before a stop there, hence 1 ns before it.
  if (limit != Time::never()) end = scheduled_stop(to_ns3(limit - Duration::ns(1) - now()));
  ns3::Simulator::Run();
  end.Cancel();
  // Other events due at this instant come after the stop: run them until a round brings nothing new.
  for (std::uint64_t events = 2; events > 1;) {
    const std::uint64_t before = ns3::Simulator::GetEventCount();
    ns3::EventId flushed = scheduled_stop(ns3::Seconds(0));
    ns3::Simulator::Run();
    flushed.Cancel();
    events = ns3::Simulator::GetEventCount() - before;
  }
}

}  // namespace millrace
