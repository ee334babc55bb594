#include "runtime/conductor/member.hpp"

#include <algorithm>

namespace millrace {

Member::Member(const Config& config) : config_(config) {
  MR_CHECK(config.heartbeat > Duration{});
  status_.device = config.device;
  status_.incarnation = config.incarnation;
  if (config.start == Start::empty) return;
  status_.epoch = Epoch{0};
  status_.loaded = true;
  status_.begun = config.source;
}

void Member::report(Time now, MemberOutbox& out) {
  ++status_.number;
  next_ = now + config_.heartbeat;
  out.status(status_);
}

void Member::on_start(Time now, MemberOutbox& out) {
  report(now, out);
  out.wake_at(next_);
}

// A status that something else caused takes the place of the next heartbeat.
void Member::on_timer(Time now, MemberOutbox& out) {
  if (now >= next_) report(now, out);
  out.wake_at(next_);
}

void Member::on_order(Time now, const Order& order, MemberOutbox& out) {
  if (status_.epoch && order.epoch < *status_.epoch) return;
  if (!status_.epoch || order.epoch > *status_.epoch) {
    status_.epoch = order.epoch;
    status_.loaded = status_.begun = false;
    status_.broken.clear();
    status_.moved = {};
    out.load(order.epoch, order.plan);
  }
  if (!config_.source || !status_.loaded) return;
  if (order.first && !status_.begun) {
    status_.begun = true;
    status_.told = std::max(status_.told, *order.first);
    out.begin(*order.first);
    report(now, out);
  }
  if (status_.begun && order.recorded > status_.told) {
    status_.told = order.recorded;
    out.confirm(order.recorded);
  }
}

void Member::on_loaded(Time now, Epoch epoch, Bytes moved, MemberOutbox& out) {
  if (status_.epoch != epoch || status_.loaded) return;
  status_.loaded = true;
  status_.moved = moved;
  report(now, out);
}

void Member::on_failed(Time now, Epoch epoch, const std::string& why, MemberOutbox& out) {
  if (status_.epoch != epoch || !status_.broken.empty()) return;
  status_.broken = why;
  report(now, out);
}

void Member::on_recorded(Time now, MicrobatchId microbatch, MemberOutbox& out) {
  status_.recorded = MicrobatchId{microbatch.value + 1};
  report(now, out);
}

void Member::on_sent(MicrobatchId microbatch) { status_.sent = std::max(status_.sent, microbatch.value + 1); }

void Member::on_leave(Time now, MemberOutbox& out) {
  status_.leaving = true;
  report(now, out);
}

}  // namespace millrace
