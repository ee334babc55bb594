#include "runtime/policy/windowed_policy.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

WindowedPolicy::WindowedPolicy(double images_per_s, int window)
    : images_per_s_(images_per_s), window_(window), measured_(window) {
  MR_CHECK(images_per_s > 0);
}

void WindowedPolicy::observe(const LinkSample& sample) {
  if (const auto figures = measured_.add(sample)) on_window(*figures);
}

// A window without an image or a value changes nothing.
void HeuristicQuantization::on_window(const WindowFigures& figures) {
  if (figures.images <= 0 || figures.values <= 0) return;
  const double fits = figures.images / images_per_s() * figures.bandwidth_bit_per_s();
  const double ratio =
      std::floor(figures.values * 32 / fits) + 1;  // fits: 0 in an outage, the ratio infinite
  struct Row {
    double up_to, bits;
  };
  constexpr std::array kTable{Row{1, 32}, Row{2, 16}, Row{4, 8}, Row{5, 6}, Row{8, 4}};
  const auto row = std::ranges::find_if(kTable, [ratio](const Row& r) { return ratio <= r.up_to; });
  bits_ = row == kTable.end() ? kFewestBits : row->bits;
}

void MaxFitQuantization::on_window(const WindowFigures& figures) {
  if (figures.images <= 0 || figures.values <= 0) return;
  const double fits = figures.images / images_per_s() * figures.bandwidth_bit_per_s() / figures.values;
  bits_ = std::clamp(std::floor(fits), kFewestBits, kMostBits);
}

ControllerQuantization::ControllerQuantization(double images_per_s, int window)
    : WindowedPolicy(images_per_s, window) {}

void ControllerQuantization::on_window(const WindowFigures& figures) {
  constexpr double kProcessNoise = 1e-5, kMeasurementNoise = 0.01;
  const double rate = figures.images_per_s();
  if (!std::isfinite(rate)) {  // sending took no time, so nothing needs to be faster
    split(1);
    return;
  }
  const double predicted = variance_ + kProcessNoise;
  const double gain = predicted * speed_up_ / (speed_up_ * speed_up_ * predicted + kMeasurementNoise);
  base_rate_ += gain * (rate - speed_up_ * base_rate_);
  variance_ = (1 - gain * speed_up_) * predicted;
  constexpr double kMostSpeedUp = 32.0 / kWidths.back();
  // A link that carried nothing has no base rate to divide by.
  split(base_rate_ > 0 ? std::clamp(speed_up_ + (images_per_s() - rate) / base_rate_, 1.0, kMostSpeedUp)
                       : kMostSpeedUp);
}

// The share x of a window's microbatches gets the wider width: x = s_w (s_n - s) / (s (s_n - s_w)), with
// s = 32/bits.
void ControllerQuantization::split(double speed_up) {
  speed_up_ = speed_up;
  std::size_t narrow = 0;
  while (narrow + 1 < kWidths.size() && 32.0 / kWidths[narrow] < speed_up) ++narrow;
  wide_ = kWidths[narrow == 0 ? 0 : narrow - 1];
  narrow_ = kWidths[narrow];
  const double slow = 32.0 / wide_, fast = 32.0 / narrow_;
  const double share = fast > slow ? slow * (fast - speed_up) / (speed_up * (fast - slow)) : 0;
  wide_left_ = static_cast<int>(std::lround(share * window()));
}

Budget ControllerQuantization::choose(Time, const Outgoing&) {
  if (wide_left_ == 0) return {static_cast<double>(narrow_)};
  --wide_left_;
  return {static_cast<double>(wide_)};
}

}  // namespace millrace
