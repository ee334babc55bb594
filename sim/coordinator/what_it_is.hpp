// The words for a message between nodes, for errors.
#pragma once

#include <fmt/format.h>

#include <string>

#include "runtime/node/message.hpp"

namespace millrace {

// "microbatch 3", "the acknowledgement of microbatch 3", "the room for more microbatches".
inline std::string what_it_is(const Message& message) {
  if (const auto* activation = std::get_if<Activation>(&message))
    return fmt::format("microbatch {}", activation->microbatch.value);
  const auto& acknowledged = std::get<Feedback>(message).acknowledged;
  return acknowledged ? fmt::format("the acknowledgement of microbatch {}", acknowledged->value)
                      : std::string("the room for more microbatches");
}

}  // namespace millrace
