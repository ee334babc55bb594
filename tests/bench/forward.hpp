// An executor's work on a microbatch, outside of any run.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "runtime/node/work.hpp"

namespace millrace::bench {

// The outcome for a microbatch of `images` images. Ends the process with a message on failure.
inline Outcome outcome_of(Executor& executor, WorkKind kind, int microbatch, std::uint32_t images,
                          Payload input) {
  auto outcome = executor.run({.kind = kind,
                               .microbatch = {static_cast<std::uint64_t>(microbatch)},
                               .first_image = static_cast<std::uint64_t>(microbatch) * images,
                               .images = images,
                               .input = std::move(input),
                               .budget = {}});
  if (!outcome) {
    fmt::print(stderr, "{}\n", outcome.error().message);
    std::exit(1);
  }
  return std::move(*outcome);
}

}  // namespace millrace::bench
