// How the coordinator reaches a node, wherever it lives: in this process, or behind the bridge.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

class Attachment {
 public:
  virtual ~Attachment() = default;
  // Hands over an event. REQUIRES that the turn of the previous event has been taken.
  virtual Result<void> begin(Event event) = 0;
  // Waits for the turn that answers the event; an error names the agent that was silent or lost.
  virtual Result<Turn> end() = 0;
};

}  // namespace millrace
