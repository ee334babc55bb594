// How the coordinator reaches a node, wherever it lives: in this process, or behind the bridge.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/node/virtual_node.hpp"

namespace millrace {

class Attachment {
 public:
  virtual ~Attachment() = default;
  // Hands over an event. REQUIRES: the turn of the event before has been taken.
  virtual Result<void> begin(Event event) = 0;
  // Takes the turn that answers it, waiting if need be; an error names who was silent or lost.
  virtual Result<Turn> end() = 0;
};

}  // namespace millrace
