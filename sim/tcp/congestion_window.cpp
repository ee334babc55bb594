#include "sim/tcp/congestion_window.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {

double CongestionWindow::slow_start(double packets) {
  const double grown = std::min(size + packets, threshold);
  const double left = packets - (grown - size);
  size = grown;
  return left;
}

void CongestionWindow::avoid_congestion(double per_packet, double acknowledged) {
  if (credit_ >= per_packet) {
    credit_ = 0;
    ++size;
  }
  credit_ += acknowledged;
  if (credit_ < per_packet) return;
  const double more = std::floor(credit_ / per_packet);
  credit_ -= more * per_packet;
  size += more;
}

void CongestionWindow::restart(Duration idle, Duration timeout) {
  const double least = std::min(kInitial, size);
  threshold = std::max(threshold, size * 0.75);  // tcp_current_ssthresh
  for (auto left = idle - timeout; left > Duration() && size > least; left = left - timeout)
    size = std::floor(size / 2);
  size = std::max(size, least);
}

const std::vector<std::string>& linux_congestion_controls() {
  static const std::vector<std::string> names{"cubic", "reno", "bbr"};
  return names;
}

}  // namespace millrace
