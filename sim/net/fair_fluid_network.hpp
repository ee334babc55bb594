// The fluid network of transport tcp: transfers between the same two devices are one flow,
// first-in-first-out, and flows that meet on a link or medium share it max-min fairly over their whole
// routes. A flow that meets no other is scheduled exactly, packet by packet, to the nanosecond
// (lone_schedule.hpp); a flow that meets others has a rate, until the next flow comes or goes or a trace
// steps. Where there is delay or loss, TCP's window makes a flow that meets no other wait, in expectation
// (sim/tcp/expected_flow.hpp), and bounds the rate of one that meets others. Surprising fact: a flow moves
// between the two in mid-message, with the unsent rest of the message.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/net/cross_traffic.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/lone_schedule.hpp"
#include "sim/net/max_min.hpp"
#include "sim/net/network.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"
#include "sim/net/pull_watch.hpp"
#include "sim/net/routes.hpp"
#include "sim/tcp/expected_flow.hpp"

namespace millrace {

class FairFluidNetwork final : public Network {
 public:
  // Datagrams leave this share of every link to flows that back off, or a transfer could wait for ever.
  static constexpr double kLeftByDatagrams = 0.01;

  // A share of lost packets above this is an outage that the expectation of loss describes (LossyCapacity),
  // not a loss that a window follows.
  static constexpr double kMostLoss = 0.3;
  // unlimited: as if no window ever ran out, for comparison with networks without TCP.
  enum class Windows : std::uint8_t { of_tcp, unlimited };

  // REQUIRES check_network(spec); for an unchecked spec, call make_fluid_network(). A meter sees the
  // pipeline's transfers and no cross traffic. REQUIRES no captures.
  explicit FairFluidNetwork(const NetworkSpec& spec, const NetworkTaps& taps = {},
                            Windows windows = Windows::of_tcp);

  void submit(Time depart, const Transfer& transfer) override;
  std::optional<Delivery> run_until(Time limit) override;
  Time now() const override { return now_; }
  Time next_event() const override;

 private:
  struct Flow;
  struct Message {
    Transfer transfer;
    std::uint64_t order;  // of submission
    Time submitted;
    std::uint64_t ticket = 0;  // events with another ticket are void
    LonePlace place{};         // while its flow is alone
    double bits_left = 0;      // of the IP packets, while it shares
    bool stored = false;       // its packets fill the route already
    std::optional<Time> begun;
    Bytes metered{};  // of its packets, reported to the meter as carried
    Delivery delivery{};
    std::optional<ExpectedFlow> window{};  // before it, where it makes the message wait; and with it
    Duration each{};                       // of its packets on the slowest link
    bool continues = false;                // its window knows that it has begun
  };
  // An ordered pair of devices, or a bulk connection of the cross traffic.
  struct Flow {
    Flow(LoneSchedule schedule, std::vector<RouteHop> back_route, const std::string& congestion_control)
        : alone(std::move(schedule)), back(std::move(back_route)), window(congestion_control) {}
    LoneSchedule alone;
    std::vector<RouteHop> back;  // of acknowledgements
    ExpectedFlow window;
    std::deque<std::uint64_t> queue{};  // messages submitted and not yet sent, in order
    bool active = false, shares = false, endless = false;
    Time shares_since{};
    double bit_per_s = 0;  // of IP packets, while it shares
    Time last_delivery{};
  };
  struct Resource {
    std::shared_ptr<const RateTrace> trace;
    std::vector<Flow*> active{};
    int datagram_sources = 0;  // that are sending now
    double datagrams_bit_per_s = 0;
  };
  struct OnOff {
    std::vector<RouteHop> route;
    Bursts bursts;
    double bit_per_s;
    bool on = false;
    Bursts::Burst burst{};
    Time next = Time::never();  // when it changes
  };
  struct Event {
    enum class Kind : std::uint8_t { leave, depart, begin_bulk, end_bulk, deliver };
    Time at;
    Kind kind;
    Time departed;
    std::uint64_t order;  // of a message; or the index of a bulk connection
    std::uint64_t ticket;
    bool operator>(const Event& o) const;
  };

  std::vector<RouteHop> route(DeviceId from, DeviceId to) const;
  void add_cross_traffic(const NetworkSpec& spec);
  Flow& flow_of(DeviceId from, DeviceId to);
  void schedule(Time at, Event::Kind kind, const Message& message);

  void handle(const Event& event);
  void depart(Message& message);
  void leave(Message& message);
  void activate(Flow& flow);
  void deactivate(Flow& flow);
  bool meets_others(const Flow& flow) const;
  std::vector<Flow*> neighbours(const Flow& flow) const;
  void place(Flow& flow, Message& message, double share);
  ExpectedFlow::Path path_of(const Flow& flow, Time at) const;
  std::optional<double> most_bit_per_s(const Flow& flow) const;
  void wait_for_window(Flow& flow, Message& message);
  void take_window_back(Flow& flow, Message& message, double left);
  double packets_of(const Message& message) const;
  void start_sharing(Flow& flow);
  void stop_sharing(Flow& flow);

  void advance_shared();
  void set_rates();
  void complete(Flow& flow);
  double wire_bits(const Message& message) const;
  std::vector<ResourceUse> uses(const Flow& flow) const;
  Time next_step(const Resource& resource) const;
  Time next_loss(const Flow& flow) const;
  void set_datagram_rates();
  void toggle_datagrams();
  bool anything_can_happen() const;

  void meter_carried(const Flow& flow, Message& message, double bits_left, Time since);

  LinkMeter* meter_;
  PullWatch watch_;
  std::vector<Nanobits> metered_;  // by link: reported to the meter as carried up to this position
  Framing framing_;
  Routes routes_;
  Bytes mtu_;
  std::string congestion_control_;
  Windows windows_;
  std::vector<LinkSpec> links_;
  std::vector<LossyCapacity> capacities_;    // by link
  std::vector<Resource> resources_;          // of links; those of media follow
  std::vector<std::size_t> resource_of_;     // by link
  std::vector<std::int64_t> overhead_bits_;  // by link
  std::map<std::pair<DeviceId, DeviceId>, std::unique_ptr<Flow>> flows_;
  std::vector<std::unique_ptr<Flow>> bulks_;
  std::vector<OnOff> datagrams_;
  std::unordered_map<std::uint64_t, Message> messages_;  // by order of submission
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Flow*> sharing_;
  bool rates_stale_ = false;
  Time rates_since_{}, next_shared_ = Time::never(), next_toggle_ = Time::never();
  std::uint64_t submitted_ = 0;
  Time now_{};
};

}  // namespace millrace
