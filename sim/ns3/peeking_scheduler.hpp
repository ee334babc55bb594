// ns-3's event list, which can say when its next event is due and who runs which event when: ns-3 keeps both
// to itself. Its own real-time simulator could not serve here: it sleeps inside Run(), and what is over its
// hard limit is an abort without a word. Private to this folder: it includes ns-3.
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

  // The one of ns-3's simulator, which has one at a time; null between simulations.
  static PeekingScheduler* current() { return current_; }
  Time next() const;
  // Called just before each event runs that is neither cancelled nor `own`.
  void listen(Listener listener) { listener_ = std::move(listener); }
  void own(const ns3::EventImpl* event) { own_ = event; }

 private:
  static PeekingScheduler* current_;
  Listener listener_;
  const ns3::EventImpl* own_ = nullptr;
};

}  // namespace millrace
