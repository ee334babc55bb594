// ns-3's global simulator as an object that can be pulled. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/event-id.h>
#include <ns3/nstime.h>
#include <ns3/simulator.h>

#include <functional>
#include <memory>
#include <utility>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

namespace millrace {

inline ns3::Time to_ns3(Duration d) { return ns3::NanoSeconds(d.count_ns()); }

class Simulation {
 public:
  // An error while another one is alive.
  static Result<std::unique_ptr<Simulation>> take();
  ~Simulation();  // destroys all nodes, sockets and events with it
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  static Time now() { return Time::at_ns(ns3::Simulator::Now().GetNanoSeconds() - before_zero_.count_ns()); }
  // Runs what has been built so far for `span`; that instant is then time 0. REQUIRES that nothing has been
  // scheduled by at().
  static void warm_up(Duration span);
  // REQUIRES at >= now(). Equal times run in the order of these calls.
  template <class Event>
  static void at(Time at, Event event) {
    ns3::Simulator::Schedule(to_ns3(at - now()), std::move(event));
  }

  // Runs all events before `limit` and none at it; or, if halt() is called, all events at that instant and
  // none later. Time::never(): until nothing is scheduled. REQUIRES limit > now().
  static void run_before(Time limit);
  static void halt() { ns3::Simulator::Stop(); }
  // When the next event is due, cancelled events included; never() if there is none.
  static Time next_event();
  // Called just before each event runs, with its instant.
  static void listen(std::function<void(Time due)> listener);

 private:
  Simulation() = default;
  static Duration before_zero_;
};

}  // namespace millrace
