// The probability with which PIE drops a packet as it comes (RFC 8033): a controller with a proportional and
// an integral part moves it every 15 ms, so that packets wait for 15 ms.
//
// How long packets wait is taken from the one that left last, as Linux and ns-3 do. Where the document leaves
// a choice this is ns-3's PieQueueDisc with a limit in bytes: see the README.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class PieControl {
 public:
  static constexpr Duration kTarget = Duration::ms(15);  // QDELAY_REF
  static constexpr Duration kUpdate = Duration::ms(15);  // T_UPDATE
  static constexpr Duration kBurst = Duration::ms(150);  // MAX_BURST
  static constexpr Duration kQuiet =
      Duration::ms(1500);                                // this long without delay: a burst is forgiven again
  static constexpr double kAlpha = 0.125, kBeta = 1.25;  // per second
  static constexpr Bytes kMeanPacket{1000};

  // Makes the updates that were due until `now`: at 0, at kUpdate, and so on.
  void advance(Time now);
  // The probability with which a packet that comes is dropped. Nothing: it is not, without a random number.
  std::optional<double> arrived(Bytes size, Bytes waiting);
  // A packet has left after that wait; `behind`: bytes that still wait.
  void left(Duration waited, Bytes behind);

  // Of a packet of kMeanPacket.
  double probability() const { return state_.probability; }

 private:
  enum class Burst : std::uint8_t { none, forgiven, over };
  struct State {
    double probability = 0;
    Duration wait_before{};  // at the last update
    Duration allowance{};    // for so long nothing is dropped
    Burst burst = Burst::none;
    std::int64_t quiet_updates = 0;
    bool operator==(const State&) const = default;
  };

  void update();
  double change() const;
  bool both_waits_short() const;

  State state_;
  Duration wait_;  // of the packet that left last; none where no packet waits behind it
  Time next_update_;
};

}  // namespace millrace
