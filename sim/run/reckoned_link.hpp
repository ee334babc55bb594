// A link as the planner's model knows it: one rate and one delay, whatever its traces, events and losses do.
// Surprising fact: which numbers these are is a question, LinkReckoning; a plan asks for means, a bound for
// what no run can have had more of.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/time.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

struct ReckonedLink {
  double bit_per_s = 0, delay_s = 0;  // after losses
};

// Whether a link is more than one rate and one delay: it follows a trace, is changed by events, or loses
// packets. Of such a link a plan knows the mean, and no plan over it is called exact.
bool changes(const LinkSpec& link);

// What links that change count as. Without any of it: with the means of rate, delay and loss, each over the
// whole of its trace or of its events and a second more.
struct LinkReckoning {
  std::optional<std::pair<Time, Time>> span{};  // with their mean between two instants
  // With a rate that no run of this length or a longer one can have had more of in the mean, and without
  // delay: for bounds.
  std::optional<Duration> at_best{};
  double scale = 1;  // times this
};
// One for each link of the network, in its order. REQUIRES a network that check_network() has found sound.
std::vector<ReckonedLink> reckoned(const NetworkSpec& spec, const LinkReckoning& how);

}  // namespace millrace
