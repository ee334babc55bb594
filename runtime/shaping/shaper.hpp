// Changes the rates of shaped interfaces by their schedules, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/shaping/rate_schedule.hpp"
#include "runtime/shaping/shaped_link.hpp"

namespace millrace {

class Shaper {
 public:
  using Clock = std::chrono::steady_clock;
  struct Link {
    ShapedLink* link;
    const RateSchedule* schedule;
  };
  // Links and schedules must outlive the shaper.
  explicit Shaper(std::vector<Link> links) : links_(std::move(links)) {}
  ~Shaper();
  Shaper(const Shaper&) = delete;
  Shaper& operator=(const Shaper&) = delete;

  // Time 0 of the schedules is now; their first rates are set before it returns. REQUIRES: called once.
  Result<void> start();
  // Ends the thread: rates change no more. Returns the error of the change that failed, if any.
  Result<void> stop();
  bool failed() const;
  // The largest delay of a change so far.
  Duration worst_lateness() const;

 private:
  void loop();
  Result<void> apply(std::size_t link, Time now);

  std::vector<Link> links_;
  std::vector<BitRate> rates_;
  std::vector<Time> next_;
  Clock::time_point zero_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::optional<Error> failure_;
  Duration worst_;
  std::thread thread_;
};

}  // namespace millrace
