// A plan has an epoch. The stages of an epoch know no other one: they are built for it and forgotten with it.
// Source and sink outlive epochs and are told of each new one. Epoch 0 begins with the run.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/units.hpp"

namespace millrace {

using Epoch = Id<struct EpochTag>;  // 0, 1, 2, …; it only grows

// A new epoch, as source and sink are told of it: with everything of an earlier one forgotten, whom to send
// to and to receive from.
struct EpochBegin {
  NodeId upstream, downstream;
  // Source: the first microbatch to send (again), which the sink has not recorded. Nothing: the epoch's nodes
  // are not ready, so nothing is sent yet.
  std::optional<MicrobatchId> first{};
};

}  // namespace millrace
