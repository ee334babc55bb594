// When on-off cross traffic sends: the same bursts in every network, from the run's seed.
#pragma once

#include <optional>

#include "runtime/base/random.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

class Bursts {
 public:
  struct Burst {
    Time begin, end;  // [begin, end)
  };
  // `index` is the entry's index in NetworkSpec::cross_traffic. REQUIRES kind on_off and on > 0.
  Bursts(const CrossTrafficSpec& spec, std::uint64_t seed, std::size_t index);

  // The next burst, in order; nothing after `stop`.
  std::optional<Burst> next();

 private:
  Duration period(Duration mean);

  CrossTrafficSpec spec_;
  Random random_;
  Time at_;
};

}  // namespace millrace
