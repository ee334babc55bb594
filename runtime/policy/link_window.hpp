// Figures of a link over a window of acknowledgements, for the policies that decide at the window's end.
#pragma once

#include <optional>

#include "runtime/policy/link_sample.hpp"

namespace millrace {

// Sums over one window. `sending_s`: the time during which something was on its way. An activation counts
// from when it was sent, or from when the one before it was acknowledged if that was later, until it is
// acknowledged. The reference times its blocking `send` calls, one after the other; where several activations
// are in flight, this is the same time counted once.
struct WindowFigures {
  double images = 0, values = 0, bits = 0, sending_s = 0;
  // Bits per second of sending; infinite where sending took no time.
  double bandwidth_bit_per_s() const;
  double images_per_s() const;
};

class LinkWindow {
 public:
  // REQUIRES length > 0, in microbatches.
  explicit LinkWindow(int length);
  // The figures of the window that ends with this sample, if a window ends here.
  std::optional<WindowFigures> add(const LinkSample& sample);

 private:
  int length_;
  int count_ = 0;
  WindowFigures figures_;
  std::optional<Time> acknowledged_;  // of the previous sample
};

}  // namespace millrace
