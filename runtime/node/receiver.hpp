// The receiving half of a node: a bounded queue of activations that arrived in order and exactly once. In an
// epoch that goes on where another one ended, the first to arrive says where the order begins.
// Arrival is acknowledged at once; the credit goes back when the activation is taken out to be worked on.
#pragma once

#include <optional>

#include "runtime/base/bounded_queue.hpp"
#include "runtime/node/node.hpp"

namespace millrace {

class Receiver {
 public:
  struct Arrived {
    Time at;
    Activation activation;
  };

  enum class Begin : std::uint8_t { at_zero, at_first_to_arrive };

  // REQUIRES window > 0.
  Receiver(NodeId from, int window, Begin begin = Begin::at_zero);

  // Queues the activation. An error if it comes from another node, out of order, twice, or beyond the window.
  Result<void> accept(Time now, NodeId from, Activation activation);
  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  // REQUIRES !empty().
  Arrived take();
  // Sends arrivals and room since the last call to the sender in one message; without news, sends none.
  void send_feedback(Outbox& out);

 private:
  NodeId from_;
  BoundedQueue<Arrived> queue_;
  std::optional<MicrobatchId> expected_;  // nothing: any
  std::optional<MicrobatchId> unacknowledged_;
  std::uint32_t ungranted_ = 0;
};

}  // namespace millrace
