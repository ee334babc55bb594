// The key by which two runs count as the same: SHA-256 over the resolved scenario, the programs that run it,
// and the contents of the files it reads. Surprising fact: the places of those files do not matter. A path in
// the scenario is replaced by the SHA-256 of the file, so that results move between folders and machines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

using NamedHashes = std::vector<std::pair<std::string, std::string>>;  // path or name, and SHA-256

// `resolved`: a scenario's resolved text. Sweeps and manifests both have these three parts of a run.
std::string cell_key(std::string_view resolved, NamedHashes inputs, const NamedHashes& binaries);

// Hashes each file once.
class FileHashes {
 public:
  Result<std::string> of(const std::string& path);

 private:
  std::map<std::string, std::string> known_;
};

}  // namespace millrace
