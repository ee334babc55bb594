// ns-3's event list, extended to say when its next event is due and to report each event as it runs: ns-3
// exposes neither. ns-3's own real-time simulator does not fit here: it sleeps inside Run(), and exceeding
// its hard limit is an abort that names no link. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/map-scheduler.h>

#include <functional>

#include "runtime/base/time.hpp"

namespace millrace {

class PeekingScheduler final : public ns3::MapScheduler {
 public:
  using Listener = std::function<void(Time due)>;

  static ns3::TypeId GetTypeId();
  PeekingScheduler() { current_ = this; }
  ~PeekingScheduler() override;

  ns3::Scheduler::Event RemoveNext() override;

  // The scheduler of ns-3's simulator, which has one at a time; null between simulations.
  static PeekingScheduler* current() { return current_; }
  Time next() const;
  // The listener is called just before each event runs, except cancelled events and `own`.
  void listen(Listener listener) { listener_ = std::move(listener); }
  void own(const ns3::EventImpl* event) { own_ = event; }

 private:
  static PeekingScheduler* current_;
  Listener listener_;
  const ns3::EventImpl* own_ = nullptr;
};

}  // namespace millrace
