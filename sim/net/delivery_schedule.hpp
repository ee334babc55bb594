// Mahimahi's link: at each listed millisecond one packet-sized opportunity to deliver exists. Surprising
// facts: the period is the *last value*, so a 0 of the next round falls on the millisecond of this round's
// last line; an opportunity carries 1504 bytes because a packet costs its size plus the 4 bytes of a TUN
// header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

class DeliverySchedule {
 public:
  static constexpr Bytes kOpportunity = Bytes(1504);
  static constexpr Bytes kPacketExtra = Bytes(4);
  // What one opportunity is worth at the IP layer: a full packet of 1500 bytes.
  static constexpr Bytes kOpportunityPayload = Bytes(1500);
  static constexpr std::uint64_t kMaxPeriodMs = 1'000'000'000'000;
  static constexpr std::size_t kMaxOpportunities = 20'000'000;

  // Milliseconds, in order, n times for n opportunities. Errors: an empty list, a decreasing value, last
  // value 0, too long or too many.
  static Result<DeliverySchedule> make(std::vector<std::uint64_t> milliseconds);

  std::size_t size() const { return milliseconds_.size(); }
  Duration period() const { return Duration::ms(static_cast<std::int64_t>(milliseconds_.back())); }
  const std::vector<std::uint64_t>& milliseconds() const { return milliseconds_; }

  // The endless sequence of opportunities, counted from 0 across rounds.
  Time at(std::uint64_t index) const;
  // The first opportunity strictly later than t: a packet that arrives at the instant of an opportunity has
  // missed it, as in Mahimahi. O(log size()). REQUIRES t >= 0.
  std::uint64_t first_after(Time t) const;

  // The same capacity as a looping rate: an opportunity at ms v is 12,000 bit spread over (v-1, v]. At whole
  // milliseconds of the period the two agree, apart from the opportunities at 0, which come a round later.
  const std::shared_ptr<const RateTrace>& rate_trace() const { return rate_trace_; }

 private:
  DeliverySchedule() = default;
  std::vector<std::uint64_t> milliseconds_;
  std::shared_ptr<const RateTrace> rate_trace_;
};

}  // namespace millrace
