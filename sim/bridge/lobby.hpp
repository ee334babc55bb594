// Where new connections wait until the host has checked their greeting. Shared with handlers on the loop's
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
  // The next connection that has greeted, waiting a moment for it. Drops those that went away or stay silent.
  std::optional<Greeted> next();
  // The agent's number in the mailbox, where its frames go from now on; nothing if the agent has gone.
  std::optional<std::size_t> admit(const Greeted& greeted, Mailbox& mailbox, const std::string& who);
  // Turns away every connection that still waits or comes from now on.
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
