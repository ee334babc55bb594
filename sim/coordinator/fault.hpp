// What happens to devices, at instants that are known beforehand.
#pragma once

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

struct Fault {
  enum class Kind : std::uint8_t {
    crash,  // its program ends, its connections with it; after `length` it comes back, and holds nothing
    hang,   // it does nothing for `length`, and its connections stay open
    slow,   // it computes `factor` times as long for `length`; work that has begun keeps its price
    leave,  // it says that it goes, and goes
    join,   // it comes; until then it was not there
    cut,    // its connections to other devices break, for the epoch that it is in
  };
  Time at;
  DeviceId device;
  Kind kind = Kind::crash;
  Duration length = Duration::max();  // max: for good
  double factor = 1;
};

}  // namespace millrace
