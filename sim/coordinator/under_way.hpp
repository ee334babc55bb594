// Messages that cross the network. Only their sizes go through it; the messages wait here until theirs has
// arrived.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "runtime/planner/plan.hpp"
#include "runtime/wire/messages.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/net/network.hpp"

namespace millrace {

class UnderWay {
 public:
  struct Item {
    NodeMessage message;
    Time submitted;
    Bytes size;  // of the frame that carries the message
  };
  struct Arrival {
    NodeMessage message;
    TransferRecord record;
  };

  // Keeps the message and returns what the network has to carry for it. REQUIRES that its nodes are the
  // plan's, on two devices.
  Transfer add(const Plan& plan, NodeMessage message, Time submitted);
  // The message that was delivered, which is forgotten here. REQUIRES a transfer that add() returned.
  Arrival take(const Delivery& delivery);
  bool empty() const { return items_.empty(); }
  // What was submitted first: everything else waits for it. REQUIRES !empty().
  const Item& oldest() const;

 private:
  std::unordered_map<TransferId, Item> items_;
  std::uint64_t transfers_ = 0;
};

// "microbatch 3 from stage 1 on a to stage 2 on b, under way since 1.000 s".
std::string what_it_is(const Plan& plan, const UnderWay::Item& item);

}  // namespace millrace
