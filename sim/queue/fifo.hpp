// Packets in the order in which they came, each with the instant since which it waits.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

// Packet: has a `size`.
template <class Packet>
class Fifo {
 public:
  struct Waiting {
    Packet packet;
    Time since;
  };

  void push(Packet packet, Time now) {
    bytes_ += packet.size;
    waiting_.push_back({std::move(packet), now});
  }
  std::optional<Waiting> pop() {
    if (waiting_.empty()) return std::nullopt;
    std::optional<Waiting> head(std::move(waiting_.front()));
    waiting_.pop_front();
    bytes_ -= head->packet.size;
    return head;
  }

  Bytes bytes() const { return bytes_; }
  std::size_t packets() const { return waiting_.size(); }
  bool empty() const { return waiting_.empty(); }

 private:
  std::deque<Waiting> waiting_;
  Bytes bytes_;
};

}  // namespace millrace
