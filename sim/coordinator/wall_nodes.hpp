// All nodes of a run on the wall clock, as the emulator sees them: behind the bridge, or in a test.
#pragma once

#include <optional>
#include <variant>

#include "runtime/base/result.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

class WallNodes {
 public:
  // A message with the instant it was sent, or records.
  using Word = std::variant<NodeMessage, Report>;

  virtual ~WallNodes() = default;
  // Time 0 of every node is now.
  virtual void start() = 0;
  virtual void deliver(NodeMessage message) = 0;
  // The next message or report of any node, waiting at most `patience`. An error names the lost agent.
  virtual Result<std::optional<Word>> next(Duration patience) = 0;
};

}  // namespace millrace
