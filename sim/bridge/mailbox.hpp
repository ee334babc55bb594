// The frames of all agents in one queue: the host waits for any agent, so that it notices a loss at once,
// whichever agent it waits for. Silence is measured per agent. Log lines have a queue of their own, so that a
// flood of them does not delay the run.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "sim/bridge/log_gate.hpp"

namespace millrace {

class Mailbox {
 public:
  // Frames held unread; more than all honest agents together send unasked.
  static constexpr std::size_t kLimit = 1 << 16;
  // Bytes held unread.
  static constexpr std::int64_t kLimitBytes = std::int64_t{1} << 30;

  struct Letter {
    std::size_t agent;
    Frame frame;
  };

  // `largest_report`: bytes of the largest message with records; the sender of a larger one counts as lost.
  explicit Mailbox(std::size_t largest_report = kMaxMeta) : largest_report_(largest_report) {}

  // Agents are numbered in the order they are added. Errors about the agent begin with `who`.
  std::size_t add(const std::string& who);
  // The handler of that agent's channel. The mailbox outlives the channel's loop.
  FrameChannel::Handler handler(std::size_t agent);

  // The next frame of any agent; heartbeats only prove life. An error when any agent is lost or has been
  // silent for longer than `silence`; frames that came before are read first.
  Result<Letter> next(Duration silence);
  // A frame if one is there within `patience`, else nothing.
  Result<std::optional<Letter>> poll(Duration silence, Duration patience);
  // An error if any agent is lost or silent.
  Result<void> check(Duration silence) const;
  // From now on, losing this agent is not an error.
  void excuse(std::size_t agent);
  // The next log line, if there is one.
  std::optional<Letter> next_log_line();
  // How many of that agent's log lines were dropped by LogGate's limits.
  std::uint64_t dropped_log_lines(std::size_t agent) const;
  // Waits until every agent has gone or said farewell, at most that long.
  void wait_for_farewells(Duration patience);

 private:
  using Clock = std::chrono::steady_clock;
  struct Agent {
    std::string who;
    Clock::time_point heard;
    std::optional<Error> lost;
    LogGate log;
    bool excused = false;
    bool farewell = false;
  };
  void push(std::size_t agent, Result<Frame> frame);
  void sort_in(std::size_t agent, Frame frame);
  std::optional<Error> fault(Duration silence) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const std::size_t largest_report_;
  std::deque<Letter> letters_, log_lines_;
  std::int64_t unread_bytes_ = 0;
  std::vector<Agent> agents_;
};

}  // namespace millrace
