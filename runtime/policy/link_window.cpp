#include "runtime/policy/link_window.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

double per_second(double amount, double seconds) {
  return seconds > 0 ? amount / seconds : std::numeric_limits<double>::infinity();
}

}  // namespace

double WindowFigures::bandwidth_bit_per_s() const { return per_second(bits, sending_s); }
double WindowFigures::images_per_s() const { return per_second(images, sending_s); }

LinkWindow::LinkWindow(int length) : length_(length) { MR_CHECK(length > 0); }

std::optional<WindowFigures> LinkWindow::add(const LinkSample& sample) {
  const Time began = acknowledged_ ? std::max(sample.sent, *acknowledged_) : sample.sent;
  acknowledged_ = sample.acknowledged;
  figures_.images += sample.images;
  figures_.values += static_cast<double>(sample.values);
  figures_.bits += static_cast<double>(sample.size.count()) * 8;
  figures_.sending_s += std::max(Duration{}, sample.acknowledged - began).seconds();
  if (++count_ < length_) return std::nullopt;
  count_ = 0;
  return std::exchange(figures_, {});
}

}  // namespace millrace
