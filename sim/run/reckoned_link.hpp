// A link as the planner's model knows it: one rate and one delay, whatever its traces, events and losses do.
// Surprising fact: the two numbers depend on their use (LinkReckoning): a plan uses means, a bound uses rates
// that no run can exceed.
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
// packets. A plan knows only the mean of such a link, and no plan over it is called exact.
bool changes(const LinkSpec& link);

// The numbers that a changing link counts with. By default the means of rate, delay and loss, each over its
// whole trace, or over its events and one second more.
struct LinkReckoning {
  std::optional<std::pair<Time, Time>> span{};  // the means between two instants
  // For bounds: a rate that the mean over a run of this length or longer cannot exceed, and no delay.
  std::optional<Duration> at_best{};
  double scale = 1;  // factor for the rate
};
// One per link of the network, in its order. REQUIRES check_network(spec).
std::vector<ReckonedLink> reckoned(const NetworkSpec& spec, const LinkReckoning& how);

}  // namespace millrace
