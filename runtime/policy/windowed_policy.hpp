// The three policies of QuantPipe (arXiv 2211.04515): each measures a link over a window of microbatches and
// decides at its end, for the whole next window. Until the first window has ended they give 32 bits.
//
//   heuristic   bits from a table, by how many times too large the uncompressed window is for the target rate
//   max-fit     the most bits with which one microbatch fits into its time at the target rate
//   controller  integral control of the speed-up 32/bits, with the base rate from a scalar Kalman filter
#pragma once

#include <array>

#include "runtime/policy/link_window.hpp"
#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

class WindowedPolicy : public QuantizationPolicy {
 public:
  void observe(const LinkSample& sample) final;

 protected:
  // REQUIRES images_per_s > 0 and window > 0.
  WindowedPolicy(double images_per_s, int window);
  double images_per_s() const { return images_per_s_; }
  int window() const { return window_; }
  virtual void on_window(const WindowFigures& figures) = 0;

 private:
  double images_per_s_;
  int window_;
  LinkWindow measured_;
};

// ratio = floor(uncompressed bits / (time at the target rate · bandwidth)) + 1; up to 1: 32 bits, 2: 16, 4:
// 8, 5: 6, 8: 4, else 2.
class HeuristicQuantization final : public WindowedPolicy {
 public:
  HeuristicQuantization(double images_per_s, int window) : WindowedPolicy(images_per_s, window) {}
  std::string_view name() const override { return "heuristic"; }
  Budget choose(Time, const Outgoing&) override { return {bits_}; }

 private:
  void on_window(const WindowFigures& figures) override;
  double bits_ = kMostBits;
};

// Whole bits, at least 2. Sizes are those of our codecs, which pack tightly: 3 bits cost 3, but 3.2 in the
// reference's 32-bit words.
class MaxFitQuantization final : public WindowedPolicy {
 public:
  MaxFitQuantization(double images_per_s, int window) : WindowedPolicy(images_per_s, window) {}
  std::string_view name() const override { return "max-fit"; }
  Budget choose(Time, const Outgoing&) override { return {bits_}; }

 private:
  void on_window(const WindowFigures& figures) override;
  double bits_ = kMostBits;
};

// speed-up s of the next window = s before + (target rate - rate measured) / base rate (its pole is 0),
// limited to what the widths offer; the window is split between the two neighbouring widths, the wider one
// first, so that the mean rate is the target.
class ControllerQuantization final : public WindowedPolicy {
 public:
  static constexpr std::array kWidths{32, 16, 10, 8, 6, 5, 4, 3, 2};

  ControllerQuantization(double images_per_s, int window);
  std::string_view name() const override { return "controller"; }
  Budget choose(Time, const Outgoing&) override;

 private:
  void on_window(const WindowFigures& figures) override;
  void split(double speed_up);

  double base_rate_ = 0, variance_ = 1;  // of the Kalman filter
  double speed_up_ = 1;
  int wide_ = kWidths[0], narrow_ = kWidths[0];
  int wide_left_ = 0;  // microbatches of this window that still get the wider width
};

}  // namespace millrace
