// What a window of acknowledgements says about a link, for the policies that decide at its end.
#pragma once

#include <optional>

#include "runtime/policy/link_sample.hpp"

namespace millrace {

// Sums over one window. `sending_s`: for how long something was on its way: an activation from when it was
// sent, or from when the one before it was acknowledged if that was later, until it was acknowledged. The
// reference times its blocking `send` calls, one after the other; where several activations are in flight,
// this is the same time counted once.
struct WindowFigures {
  double images = 0, values = 0, bits = 0, sending_s = 0;
  // Bits on the way per second of sending; infinite where that took no time.
  double bandwidth_bit_per_s() const;
  double images_per_s() const;
};

class LinkWindow {
 public:
  // REQUIRES length > 0, in microbatches.
  explicit LinkWindow(int length);
  // The figures of the window that ends with this sample, if one does.
  std::optional<WindowFigures> add(const LinkSample& sample);

 private:
  int length_;
  int count_ = 0;
  WindowFigures figures_;
  std::optional<Time> acknowledged_;  // the sample before
};

}  // namespace millrace
