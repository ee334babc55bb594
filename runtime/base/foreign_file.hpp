// Recognises a file of the wrong format by its first bytes, and says what its owner can do: for the error
// message that refuses it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace millrace {

// "it is a PyTorch checkpoint; convert it: …". Nothing if the first bytes are of an unknown format.
std::optional<std::string> foreign_file(std::span<const std::byte> begin);

}  // namespace millrace
