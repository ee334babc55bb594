#include "sim/run/patience.hpp"

namespace millrace {

bool Patience::interrupted() {
  pulling_ = false;
  return lost_ || next_.interrupted();
}

bool Patience::lost_in_a_pull() {
  const auto now = Clock::now();
  if (!pulling_) since_ = now;
  pulling_ = true;
  lost_ = lost_ || now - since_ > std::chrono::nanoseconds(limit_.count_ns());
  return lost_ || next_.interrupted();
}

}  // namespace millrace
