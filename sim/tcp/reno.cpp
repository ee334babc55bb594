#include "sim/tcp/reno.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {

void Reno::acknowledged(CongestionWindow& window, const WindowAck& ack) {
  if (!ack.limited) return;
  double left = ack.delivered;
  if (window.in_slow_start()) left = window.slow_start(left);
  if (left > 0) window.avoid_congestion(window.size, left);
}

double Reno::after_loss(const CongestionWindow& window) {
  return std::max(std::floor(window.size / 2), CongestionWindow::kLeast);
}

}  // namespace millrace
