// Reads a whole file, up to a size limit.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

// At most `limit` bytes, from pipes too. Errors (ExitCode::invalid_input) do not name the path: "cannot be
// read: No such file or directory", "larger than 1048576 bytes".
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace millrace
