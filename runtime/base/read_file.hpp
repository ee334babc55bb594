// A whole file, if it is of a size that is believed.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

// At most `limit` bytes, of pipes too. Errors (ExitCode::invalid_input) do not have the path: "cannot be
// read: No such file or directory", "larger than 1048576 bytes".
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace millrace
