// The sending side of one link, without queue and without delay: computes when a packet's first and last bits
// leave. Exact under rate changes and outages in mid-packet, because it keeps a position on the cumulative
// capacity and not a rate; a delivery schedule is served opportunity by opportunity, as Mahimahi does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sim/net/link_rate.hpp"

namespace millrace {

class LinkServer {
 public:
  // last: nothing if the link never carries the packet. begin, end: the packet's place on the trace's
  // cumulative axis; equal where there is no axis (a delivery schedule).
  struct Service {
    Time first;
    std::optional<Time> last;
    Nanobits begin = 0, end = 0;
  };

  explicit LinkServer(const LinkRate& rate);

  // Serves the next packet, first-in-first-out, which has been waiting since `arrived`. A packet that arrives
  // exactly at the instant of a delivery opportunity has missed it. REQUIRES size > 0 and `arrived` never
  // decreasing.
  Service serve(Time arrived, Bytes size);

 private:
  Service serve_rate(Time arrived, Bytes size);
  Service serve_opportunities(Time arrived, Bytes size);
  void take_opportunity();

  std::shared_ptr<const RateTrace> trace_;  // exactly one of trace_ and schedule_ is set
  std::shared_ptr<const DeliverySchedule> schedule_;
  Nanobits position_ = 0;
  bool dead_ = false;  // a packet is stuck in an outage without end
  Time last_left_;
  std::uint64_t next_opportunity_ = 0;
  Bytes left_in_opportunity_;  // of the opportunity before next_opportunity_
};

}  // namespace millrace
