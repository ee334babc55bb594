// Which packets CoDel drops (RFC 8289): once every packet of an interval has waited for longer than the
// target, one, and then more at intervals that become shorter with the square root of their number, until a
// packet has waited for less.
//
// The arithmetic is that of Linux (include/net/codel.h, codel_impl.h), which ns-3 has too, so that all three
// drop the same packets: time in units of 1024 ns, and 1/sqrt(count) in 16 bits by one step of Newton's
// method per drop. The third drop of a series therefore comes 50 ms after the second, not 71 ms as in the
// document.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class CodelControl {
 public:
  static constexpr Duration kTarget = Duration::ms(5);
  static constexpr Duration kInterval = Duration::ms(100);

  // spare: so many bytes may wait for however long; one full packet (RFC 8289, 5.6).
  explicit CodelControl(Bytes spare) : spare_(spare) {}

  // A dequeue begins at `now`. Then drops() is asked of the packet at the head until it says no, or empty()
  // is called where there is no packet.
  void begin(Time now);
  // Whether the packet at the head is dropped. It has waited since then; `behind`: bytes that wait behind it.
  // REQUIRES since <= now.
  bool drops(Time since, Bytes behind);
  void empty();

  // 1/sqrt(count), of 16 bits behind the point, from an estimate: x (3 - count x²) / 2.
  static std::uint16_t newton_step(std::uint16_t inverse_root, std::uint32_t count);

 private:
  using Ticks = std::int64_t;                                  // of 1024 ns
  enum class Step : std::uint8_t { begun, entered, dropped };  // what the dequeue has done so far
  static constexpr std::uint16_t kOne = 0xFFFF;

  static constexpr Ticks ticks(Duration d) { return d.count_ns() >> 10; }
  bool late_for_an_interval(Time since, Bytes behind);
  void enter_dropping();
  Ticks next_after(Ticks drop) const;

  Bytes spare_;
  Time now_;
  Ticks now_ticks_ = 0;
  Step step_ = Step::begun;
  std::optional<Ticks> late_until_drop_;  // packets are late; at this instant they have been for an interval
  bool dropping_ = false;
  Ticks next_drop_ = 0;
  std::uint32_t count_ = 0;       // drops since the dropping began, and what it began with
  std::uint32_t last_count_ = 0;  // what it began with
  std::uint16_t inverse_root_ = kOne;
};

}  // namespace millrace
