#include "sim/queue/pie_control.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace {
namespace {

// RFC 8033, drop probability calculation: a small probability moves in small steps.
double scale(double probability) {
  constexpr std::array<std::pair<double, double>, 6> kSteps{
      {{1e-6, 2048}, {1e-5, 512}, {1e-4, 128}, {1e-3, 32}, {1e-2, 8}, {1e-1, 2}}};
  for (const auto& [below, divisor] : kSteps)
    if (probability < below) return divisor;
  return 1;
}

}  // namespace

// Updates that change nothing change nothing for however long, so a long pause costs no more than a short
// one.
void PieControl::advance(Time now) {
  while (next_update_ <= now) {
    const State before = state_;
    update();
    next_update_ = next_update_ + kUpdate;
    if (state_ == before && next_update_ <= now)
      next_update_ = next_update_ + kUpdate * ((now - next_update_).count_ns() / kUpdate.count_ns() + 1);
  }
}

bool PieControl::both_waits_short() const { return wait_ * 2 < kTarget && state_.wait_before * 2 < kTarget; }

double PieControl::change() const {
  const double change = kAlpha * (wait_.seconds() - kTarget.seconds()) +
                        kBeta * (wait_.seconds() - state_.wait_before.seconds());
  const double scaled = change / scale(state_.probability);
  return state_.probability >= 0.1 ? std::min(scaled, 0.02) : scaled;  // RFC 8033: cap drop adjustment
}

void PieControl::update() {
  double next = state_.allowance > Duration{} ? 0 : state_.probability + change();
  if (wait_ == Duration{} && state_.wait_before == Duration{}) next *= 0.98;
  state_.probability = std::clamp(next, 0.0, 1.0);
  state_.allowance = std::max(state_.allowance - kUpdate, Duration{});
  const bool quiet = both_waits_short() && state_.probability == 0 && state_.allowance == Duration{};
  if (quiet && state_.burst == Burst::forgiven) {
    state_.burst = Burst::over;
    state_.quiet_updates = 0;
  } else if (quiet && state_.burst == Burst::over) {
    if (++state_.quiet_updates > kQuiet.count_ns() / kUpdate.count_ns()) {
      state_.burst = Burst::none;
      state_.quiet_updates = 0;
    }
  } else if (state_.burst == Burst::over) {
    state_.quiet_updates = 0;
  }
  state_.wait_before = wait_;
}

// RFC 8033: random dropping, burst tolerance.
std::optional<double> PieControl::arrived(Bytes size, Bytes waiting) {
  if (state_.allowance > Duration{}) return std::nullopt;
  if (state_.burst == Burst::none) {
    state_.burst = Burst::forgiven;
    state_.allowance = kBurst;
  }
  if (state_.wait_before * 2 < kTarget && state_.probability < 0.2) return std::nullopt;
  if (waiting <= kMeanPacket * 2) return std::nullopt;
  return state_.probability * static_cast<double>(size.count()) / static_cast<double>(kMeanPacket.count());
}

void PieControl::left(Duration waited, Bytes behind) { wait_ = behind > Bytes(0) ? waited : Duration{}; }

}  // namespace millrace
