// The sending half of a node: activations wait here for credit, leave in order, and are acknowledged in
// order. Every acknowledgement becomes a LinkSample, both of whose instants are on the sender's own clock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "runtime/base/bounded_queue.hpp"
#include "runtime/node/node.hpp"

namespace millrace {

class Sender {
 public:
  // Runs when an activation leaves, and may still modify it.
  using OnSent = std::function<void(Time, Activation&, Outbox&)>;

  // `window`: the initial credits, and the most activations kept ready here. REQUIRES window > 0.
  Sender(NodeId to, int window);

  bool full() const { return ready_.full(); }
  // REQUIRES !full(). Leaves at once if there is credit. `on_sent` may be empty.
  void push(Time now, Activation activation, OnSent on_sent, Outbox& out);
  // An acknowledgement or credit that cannot be due is an error.
  Result<void> on_feedback(Time now, const Feedback& feedback, Outbox& out);
  // The activations that will leave before the next one pushed.
  SenderState state() const;
  // The newest sample, if the last feedback acknowledged something.
  std::optional<LinkSample> take_sample();

 private:
  struct Ready {
    Activation activation;
    OnSent on_sent;
  };
  void flush(Time now, Outbox& out);

  NodeId to_;
  int window_;
  int credits_;
  BoundedQueue<Ready> ready_;
  std::deque<LinkSample> unacknowledged_;  // at most window_
  std::optional<LinkSample> sample_;
};

}  // namespace millrace
