#include "sim/net/link_server.hpp"

#include <algorithm>

namespace millrace {

LinkServer::LinkServer(const LinkRate& rate) {
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate))
    schedule_ = *schedule;
  else
    trace_ = rate_trace_of(rate);
}

LinkServer::Service LinkServer::serve(Time ready, Bytes size, bool waited) {
  MR_CHECK(size > Bytes(0));
  return schedule_ ? serve_opportunities(ready, size, waited) : serve_rate(ready, size, waited);
}

LinkServer::Service LinkServer::serve_rate(Time ready, Bytes size, bool waited) {
  if (dead_) return {ready, std::nullopt};
  // Back to back, `ready` is the end of the one before, rounded up: to start from there would add up to drift.
  if (!waited) position_ = std::max(position_, trace_->cumulative(ready));
  const auto first = trace_->departure(position_);
  position_ += nanobits(size);
  const auto last = trace_->when(position_);
  dead_ = !last;
  return {std::max(ready, first.value_or(ready)), last};
}

LinkServer::Service LinkServer::serve_opportunities(Time ready, Bytes size, bool waited) {
  if (!waited) {
    left_in_opportunity_ = Bytes(0);  // nobody was there to use it: lost
    next_opportunity_ = std::max(next_opportunity_, schedule_->first_after(ready));
  }
  Bytes need = size + DeliverySchedule::kPacketExtra;
  if (left_in_opportunity_ == Bytes(0)) {
    ++next_opportunity_;
    left_in_opportunity_ = DeliverySchedule::kOpportunity;
  }
  const Time first = schedule_->at(next_opportunity_ - 1);
  while (need > left_in_opportunity_) {
    need -= left_in_opportunity_;
    ++next_opportunity_;
    left_in_opportunity_ = DeliverySchedule::kOpportunity;
  }
  left_in_opportunity_ -= need;
  return {first, schedule_->at(next_opportunity_ - 1)};
}

}  // namespace millrace
