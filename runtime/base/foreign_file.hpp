// What a file is that was given for another, by its first bytes, and what its owner can do: for the sentence
// that refuses it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace millrace {

// "it is a PyTorch checkpoint; convert it: …". Nothing where the first bytes are of no format known here.
std::optional<std::string> foreign_file(std::span<const std::byte> begin);

}  // namespace millrace
