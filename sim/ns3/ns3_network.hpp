// The packet-level network: ns-3 with our own trace-driven device on every link, below bare packets (raw) or
// below ns-3's TCP. Surprising fact: ns-3 keeps its clock in one global, so a process has one ns-3 network at
// a time; the next may be made when the last is destroyed, and behaves as if it were the first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/network.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"

namespace millrace {

// Errors: those of check_network;
// an unknown NetworkSpec::tcp_variant (the message lists the known ones);
// a capture that cannot be written; another network of this kind is alive.
Result<std::unique_ptr<Network>> make_ns3_network(const NetworkSpec& spec, const NetworkTaps& taps = {});

// The allowed values of NetworkSpec::tcp_variant, cubic first.
std::vector<std::string> tcp_variants();

}  // namespace millrace
