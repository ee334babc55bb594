// Message-level network in exact integer nanoseconds: one first-in-first-out service position per directed
// link, no packets, no events but arrivals. It is the oracle of the packet-level networks and fast enough for
// sweeps of thousands of runs. Surprising fact: loss is only its expectation: a byte takes 1/(1-loss) of its
// time, with the loss at the instant it passes.
#pragma once

#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/network.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"
#include "sim/net/pull_watch.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/net/routes.hpp"

namespace millrace {

class FluidNetwork final : public Network {
 public:
  // REQUIRES check_network(spec); for an unchecked spec, call make_fluid_network().
  explicit FluidNetwork(const NetworkSpec& spec, const NetworkTaps& taps = {});

  void submit(Time depart, const Transfer& transfer) override;
  std::optional<Delivery> run_until(Time limit) override;
  Time now() const override { return now_; }
  Time next_event() const override { return events_.empty() ? Time::never() : events_.top().at; }

 private:
  struct Link {
    DeviceId to;
    LossyCapacity capacity;
    Scheduled<Duration> delay;
    Bytes overhead;
    Time last_arrival{};    // at the other end: no packet overtakes another
    Nanobits position = 0;  // everything before it on the cumulative axis is taken
    // By the previous link of a flight: the end of that flight's last packet on the same axis.
    std::unordered_map<std::uint32_t, Nanobits> tails{};
    bool dead = false;  // a message is stuck in an outage without end, and all behind it
  };
  // A transfer on its way. It enters a link when its first packet is there.
  struct Flight {
    Transfer transfer;
    std::uint64_t order;  // of submission
    Time submitted;
    LinkId link;  // that it enters next
    std::optional<LinkId> previous;
    std::vector<Time> packets;  // when each is there; empty: all at once, at the first link
    Delivery delivery{};
  };
  struct Event {
    Time at;
    bool delivers;  // comes after all events that enter a link at the same instant
    Time departed;
    std::uint64_t order;
    bool operator>(const Event& o) const;
  };

  void enter_link(Flight& flight, Time first_packet);
  static Time arrival(Link& link, Time left);
  std::optional<Time> packet_by_packet(Link& link, Flight& flight, Nanobits place);
  void schedule(Time at, bool delivers, const Flight& flight);

  LinkMeter* meter_;
  PullWatch watch_;
  Framing framing_;
  Routes routes_;
  std::vector<Link> links_;
  std::unordered_map<std::uint64_t, Flight> flights_;  // by order of submission
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t submitted_ = 0;
  Time now_;
};

// With raw, transfers share links first-in-first-out, as bare packets do (FluidNetwork); with tcp, fairly, as
// connections do (fair_fluid_network.hpp). Errors: those of check_network. REQUIRES taps without captures:
// there are no packets here.
Result<std::unique_ptr<Network>> make_fluid_network(const NetworkSpec& spec, const NetworkTaps& taps = {});

}  // namespace millrace
