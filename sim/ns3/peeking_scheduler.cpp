#include "sim/ns3/peeking_scheduler.hpp"

#include <ns3/event-impl.h>

namespace millrace {
namespace {

Time time_of(const ns3::Scheduler::Event& event) {
  return Time::at_ns(static_cast<std::int64_t>(event.key.m_ts));
}

}  // namespace

PeekingScheduler* PeekingScheduler::current_ = nullptr;

ns3::TypeId PeekingScheduler::GetTypeId() {
  static const ns3::TypeId id = ns3::TypeId("millrace::PeekingScheduler")
                                    .SetParent<ns3::MapScheduler>()
                                    .SetGroupName("Core")
                                    .AddConstructor<PeekingScheduler>();
  return id;
}

PeekingScheduler::~PeekingScheduler() {
  if (current_ == this) current_ = nullptr;
}

Time PeekingScheduler::next() const { return IsEmpty() ? Time::never() : time_of(PeekNext()); }

ns3::Scheduler::Event PeekingScheduler::RemoveNext() {
  const auto event = MapScheduler::RemoveNext();
  if (listener_ && event.impl != own_ && !event.impl->IsCancelled()) listener_(time_of(event));
  return event;
}

}  // namespace millrace
