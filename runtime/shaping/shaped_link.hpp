// A link whose rate a Shaper changes: an interface's token bucket, or in tests a stand-in that records.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class ShapedLink {
 public:
  virtual ~ShapedLink() = default;
  // Carries `rate` from now on; 0 is an outage. Called from the shaper's thread too.
  virtual Result<void> set(BitRate rate) = 0;

 protected:
  ShapedLink() = default;
  ShapedLink(const ShapedLink&) = default;
  ShapedLink& operator=(const ShapedLink&) = default;
};

}  // namespace millrace
