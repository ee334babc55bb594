// Real links with everything that a scenario says of a link: rate or trace, delay, losses and a drop-tail
// queue, all as they change during the run. One thread carries Ethernet frames between file descriptors
// (TapDevice). For each direction it asks a LinkSender, the class that ns-3's devices ask too. The kernel's
// own emulation (netem, tbf) is not needed.
//
// The thread has real-time priority where that is permitted, and uses absolute timers. It counts how late it
// delivers each frame, and remembers the first frame that was later than the limit. Lateness does not add up:
// the instant at which a frame's last bit leaves follows from the frame before, not from the moment at which
// the thread got to it.
//
// Directions that share a medium share a carrier: one LinkSender, whose queue has the frames of all of them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/lateness_audit.hpp"
#include "sim/net/link_sender.hpp"
#include "sim/net/pcap_file.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

class LinkEmulator {
 public:
  using Frame = std::vector<std::byte>;
  using Clock = std::chrono::steady_clock;
  struct Carried {
    std::size_t direction = 0;
    Frame frame;
  };
  using Sender = LinkSender<Carried>;
  struct Setup {
    Sender::Setup link;
    // Between the sending device and the link, which then holds only the packet that it sends; sees all
    // packets, the device's own too. Null: drop-tail, and a device's own TCP data waits
    // (LinkSender::offer()). REQUIRES null for a carrier of several directions.
    std::unique_ptr<QueueDisc<Carried>> discipline{};
  };

  struct Direction {
    std::string name;  // "a -> b", for errors
    int from, to;      // non-blocking; frames of `from` are written to `to`; both outlive the emulator
    // The IPv4 address, in host order, of the device at `from`: its own TCP data waits and is not dropped
    // (LinkSender::offer()).
    std::optional<std::uint32_t> own;
    std::size_t carrier;  // counted from 0, without gaps
  };
  struct Counts {
    std::uint64_t delivered = 0, lost = 0, dropped = 0;  // frames; lost on the way, dropped at the full queue
  };
  struct Late {
    std::string name;
    Time at;  // when the frame was due
    Duration by;
  };

  // Carries nothing before carry_as(). `limit`: of the lateness of a frame.
  LinkEmulator(std::vector<Direction> directions, Duration limit);
  ~LinkEmulator();
  LinkEmulator(const LinkEmulator&) = delete;
  LinkEmulator& operator=(const LinkEmulator&) = delete;

  using Captures = std::vector<std::optional<PcapFile>>;

  // From now on each carrier is the link that its setup says, and time 0 of the setups is now. What waits
  // in queues is thrown away; frames that have left still arrive. Counts and lateness begin anew.
  // `captures`: of all packets that leave, per direction, those that are lost afterwards among them.
  // REQUIRES: a setup for each carrier; a capture or none for each direction, or none at all; not after
  // stop().
  void carry_as(std::vector<Setup> setups, Captures captures = {});
  // Carries nothing any more. The results below are valid from here on.
  void stop();

  const LatenessCounts& lateness() const { return lateness_; }  // since the last carry_as()
  const std::optional<Late>& too_late() const { return too_late_; }
  const Counts& counts(std::size_t direction) const { return ways_.at(direction).counts; }
  // Why the thread gave up, if it did.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  struct UnderWay {
    Time arrives;
    Carried carried;
  };
  struct Way {
    Direction direction;
    Counts counts{};
    std::optional<PcapFile> capture{};
  };
  struct Carrier {
    std::optional<Sender> sender{};
    std::unique_ptr<QueueDisc<Carried>> discipline{};
    std::deque<UnderWay> under_way{};
  };

  void loop();
  Result<void> carry();
  Result<void> wait(Time due);
  void woke_after(Duration late);
  Time now() const;
  void take_over();
  void depart(Carrier& carrier, Time now);
  void feed(Carrier& carrier, Time now);
  void capture(const Carried& carried, Time at);
  void deliver(Carrier& carrier, Time now);
  void take_in(std::size_t direction, Time now);
  Time next() const;

  std::vector<Way> ways_;  // per direction
  std::vector<Carrier> carriers_;
  Duration limit_;
  Clock::time_point zero_;
  std::mutex mutex_;
  std::condition_variable taken_over_;
  std::optional<std::vector<Setup>> setups_;  // of a carry_as() that the thread has not seen yet
  Captures captures_;                         // of the same
  std::atomic<bool> stopping_{false}, changing_{false};
  LatenessCounts lateness_;
  std::optional<Late> too_late_;
  std::optional<Error> failure_;
  Frame buffer_;
  Duration waking_;  // how long the thread takes to wake up
  int timer_ = -1, poll_ = -1;
  std::thread thread_;
};

}  // namespace millrace
