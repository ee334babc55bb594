#include "sim/net/link_server.hpp"

#include <algorithm>

namespace millrace {

LinkServer::LinkServer(const LinkRate& rate) {
  if (const auto* schedule = std::get_if<std::shared_ptr<const DeliverySchedule>>(&rate))
    schedule_ = *schedule;
  else
    trace_ = rate_trace_of(rate);
}

LinkServer::Service LinkServer::serve(Time arrived, Bytes size) {
  MR_CHECK(size > Bytes(0));
  return schedule_ ? serve_opportunities(arrived, size) : serve_rate(arrived, size);
}

LinkServer::Service LinkServer::serve_rate(Time arrived, Bytes size) {
  if (dead_) return {.first = arrived, .last = std::nullopt};
  position_ = std::max(position_, trace_->cumulative(arrived));
  const Nanobits begin = position_;
  const auto first = trace_->departure(position_);
  position_ += nanobits(size);
  const auto last = trace_->when(position_);
  dead_ = !last;
  return {.first = first.value_or(arrived), .last = last, .begin = begin, .end = position_};
}

LinkServer::Service LinkServer::serve_opportunities(Time arrived, Bytes size) {
  if (arrived >= last_left_) {
    left_in_opportunity_ = Bytes(0);  // no packet was there to use it: lost
    next_opportunity_ = std::max(next_opportunity_, schedule_->first_after(arrived));
  }
  if (left_in_opportunity_ == Bytes(0)) take_opportunity();
  const Time first = schedule_->at(next_opportunity_ - 1);
  Bytes need = size + DeliverySchedule::kPacketExtra;
  while (need > left_in_opportunity_) {
    need -= left_in_opportunity_;
    take_opportunity();
  }
  left_in_opportunity_ -= need;
  last_left_ = schedule_->at(next_opportunity_ - 1);
  return {.first = first, .last = last_left_};
}

void LinkServer::take_opportunity() {
  ++next_opportunity_;
  left_in_opportunity_ = DeliverySchedule::kOpportunity;
}

}  // namespace millrace
