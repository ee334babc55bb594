// Virtual time by promises. Every node has promised to do nothing before an instant; the coordinator runs the
// network up to the smallest promise and no further, delivers what arrives, and otherwise wakes the node
// whose promise is due. The order at equal instants is part of the contract: messages between nodes of one
// device first, then the node with the smallest id, then the network. So a run depends on the scenario alone,
// not on which node answered first.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/coordinator/under_way.hpp"
#include "sim/net/network.hpp"

namespace millrace {

class Coordinator {
 public:
  struct Setup {
    const Plan& plan;  // outlives the coordinator, like all of these
    Network& network;
    RunObserver& observer;
    std::vector<std::unique_ptr<Attachment>> nodes;  // one per node of the plan, in order
    // Why nothing arrives from one device at another at this instant, for the error of a stuck run.
    std::function<std::string(DeviceId from, DeviceId to, Time at)> why{};
  };
  explicit Coordinator(Setup setup);

  // Runs from time 0 until a node finishes; returns that instant. An error says where it stood: a peer's
  // failure, a pipeline in which nothing can happen any more, an interruption.
  Result<Time> run();
  Time now() const { return now_; }

 private:
  Result<void> start();
  Result<void> step();
  Result<void> hand_over(NodeId node, Event event);
  Result<void> take(NodeId node, Turn turn);
  Error in_context(NodeId node, const Error& error) const;
  void send(NodeId from, Turn::Send send);
  Result<void> deliver(const Delivery& delivery);
  NodeId next_to_wake() const;
  Error stuck() const;
  Error interrupted() const;

  Setup setup_;
  Time now_;
  std::vector<Time> promises_;
  std::deque<NodeMessage> local_;  // between nodes of one device
  UnderWay under_way_;
  bool finished_ = false;
};

}  // namespace millrace
