// Where those who connect wait until the host has looked at what they say. Shared with handlers on the loop's
// thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/bridge/mailbox.hpp"

namespace millrace {

class Lobby : public std::enable_shared_from_this<Lobby> {
 public:
  struct Candidate;
  struct Greeted {
    ChannelPointer channel;
    std::shared_ptr<Candidate> candidate;
    Frame hello;
  };

  // On the loop's thread. The mailbox outlives the loop.
  void enter(Mailbox& mailbox, const ChannelPointer& channel);
  // The next one that has greeted, waiting a moment for it. Those that went away or stay silent are let go.
  std::optional<Greeted> next();
  // Its number in the mailbox, where its frames go from now on; nothing if it has gone.
  std::optional<std::size_t> admit(const Greeted& greeted, Mailbox& mailbox, const std::string& who);
  // Who comes from now on, or still waits, is told that it is too late.
  void close();

 private:
  struct Waiting {
    ChannelPointer channel;
    std::shared_ptr<Candidate> candidate;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  bool closed_ = false;
};

}  // namespace millrace
