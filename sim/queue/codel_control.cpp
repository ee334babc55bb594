#include "sim/queue/codel_control.hpp"

#include <utility>

namespace millrace {

std::uint16_t CodelControl::newton_step(std::uint16_t inverse_root, std::uint32_t count) {
  const std::uint64_t x = std::uint64_t{inverse_root} << 16;  // of 32 bits behind the point
  const std::uint64_t square = x * x >> 32;
  const std::uint64_t bracket = (std::uint64_t{3} << 32) - count * square;
  // Two bits less in the bracket, or the product has more than 64.
  return static_cast<std::uint16_t>(((bracket >> 2) * x >> 31) >> 16);
}

void CodelControl::begin(Time now) {
  now_ = now;
  now_ticks_ = ticks(now.since_start());
  step_ = Step::begun;
}

// RFC 8289, 5.6, dodequeue().
bool CodelControl::late_for_an_interval(Time since, Bytes behind) {
  if (ticks(now_ - since) < ticks(kTarget) || behind <= spare_) {
    late_until_drop_.reset();
    return false;
  }
  if (!late_until_drop_) {
    late_until_drop_ = now_ticks_ + ticks(kInterval);
    return false;
  }
  return now_ticks_ > *late_until_drop_;
}

CodelControl::Ticks CodelControl::next_after(Ticks drop) const {
  return drop + (ticks(kInterval) * inverse_root_ >> 16);
}

// Close to the last time, it begins with the rate of drops that helped then.
void CodelControl::enter_dropping() {
  dropping_ = true;
  const std::uint32_t helped = count_ - last_count_;
  if (helped > 1 && now_ticks_ - next_drop_ < 16 * ticks(kInterval)) {
    count_ = helped;
    inverse_root_ = newton_step(inverse_root_, count_);
  } else {
    count_ = 1;
    inverse_root_ = kOne;
  }
  last_count_ = count_;
  next_drop_ = next_after(now_ticks_);
}

// RFC 8289, 5.5, dequeue(), packet by packet.
bool CodelControl::drops(Time since, Bytes behind) {
  const bool late = late_for_an_interval(since, behind);
  const Step before = std::exchange(step_, Step::dropped);
  if (before == Step::entered) return false;  // the packet after the first drop goes, however long it waited
  if (!dropping_) {
    if (!late) return false;
    enter_dropping();
    step_ = Step::entered;
    return true;
  }
  if (!late) {
    dropping_ = false;
    return false;
  }
  if (before == Step::dropped) next_drop_ = next_after(next_drop_);
  if (now_ticks_ < next_drop_) return false;
  inverse_root_ = newton_step(inverse_root_, ++count_);
  return true;
}

// A queue that stands again has to stand for an interval; until then its packets end the dropping.
void CodelControl::empty() { late_until_drop_.reset(); }

}  // namespace millrace
