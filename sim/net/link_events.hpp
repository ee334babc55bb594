// Scheduled events of a link: it goes down or up, or gets another rate, trace, delay or loss. They are worked
// into the link before the run, exactly and for every network alike: a link's rate with its events is again a
// rate over time. Surprising fact: a trace goes on while its link is down, as the weather does; a trace that
// an event sets begins with that event.
#pragma once

#include <variant>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

enum class LinkState : std::uint8_t { down, up };
struct DelayChange {
  Duration delay;
};
struct LossChange {
  double loss = 0;
};

struct LinkEvent {
  Time at;
  std::variant<LinkState, LinkRate, DelayChange, LossChange> change;
};

// The link with its events, which are in the order of time (of events at one instant, the last counts). A
// delivery schedule becomes its rate. Down is rate 0: packets wait. Errors: events out of order, or too many
// steps until the last event.
Result<LinkSpec> with_events(LinkSpec link, const std::vector<LinkEvent>& events);

}  // namespace millrace
