// The messages between nodes. A payload always has a size; it has bytes only if tensors are real, so that
// the same nodes run in `simulate`, where only sizes exist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

struct Payload {
  Bytes size;
  std::shared_ptr<const std::vector<std::byte>> bytes;  // null in `simulate`; else bytes->size() == size

  static Payload of(std::vector<std::byte> content) {
    const Bytes size(static_cast<std::int64_t>(content.size()));
    return {size, std::make_shared<const std::vector<std::byte>>(std::move(content))};
  }
};

// One microbatch on its way: encoded images from the source, encoded activations between stages, logits to
// the sink.
struct Activation {
  MicrobatchId microbatch;
  std::uint64_t first_image = 0;
  std::uint32_t images = 0;
  Time created;              // when the source admitted it, on the source's clock
  std::uint64_t values = 0;  // float values in the payload (for bits per value)
  Payload payload;
};

// From the receiver of activations back to their sender: acknowledges an arrival, grants room, or both.
struct Feedback {
  std::optional<MicrobatchId> acknowledged;
  std::uint32_t credits = 0;
};

using Message = std::variant<Activation, Feedback>;

}  // namespace millrace
