// Reno as Linux has it (net/ipv4/tcp_cong.c: tcp_reno_cong_avoid, tcp_reno_ssthresh): slow start, then one
// packet per window; half after a loss.
#pragma once

#include "sim/tcp/congestion_window.hpp"

namespace millrace {

class Reno final : public WindowAlgorithm {
 public:
  void acknowledged(CongestionWindow& window, const WindowAck& ack) override;
  double after_loss(const CongestionWindow& window) override;
};

}  // namespace millrace
