// The blocking end of a channel: frames wait here for the thread that reads them. Every wait has a deadline,
// whose error names the silent peer; heartbeats only move the deadline.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/net/frame_channel.hpp"

namespace millrace {

class Inbox {
 public:
  // The most unread frames: more than any honest peer sends without an answer.
  static constexpr std::size_t kLimit = 8192;
  // The most bytes of unread frames.
  static constexpr std::int64_t kLimitBytes = std::int64_t{1} << 30;

  // Shared with the channel's handler, which may outlive the reader.
  static std::shared_ptr<Inbox> of(FrameChannel& channel);

  // Waits for the next frame other than a heartbeat. The connection's end, or nothing heard for `silence`,
  // is an error that begins with `who`.
  Result<Frame> next(Duration silence, const std::string& who);
  // As next(), but a refusal becomes the error that it carries, and a type other than `expected` is an error.
  Result<Frame> expect(FrameType expected, Duration silence, const std::string& who);

  // Whether next() would return at once: a frame is there, or the connection has ended.
  bool disturbed() const;

  // From now on all waiting and later frames go to `next`, in order. It must not call the inbox.
  void pass_on(FrameChannel::Handler next);

  void push(Result<Frame> frame);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Frame> frames_;
  std::int64_t unread_bytes_ = 0;
  std::optional<Error> lost_;
  FrameChannel::Handler next_;
  std::uint64_t heard_ = 0;  // counts heartbeats and frames
};

}  // namespace millrace
