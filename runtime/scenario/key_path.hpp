// Looks up a path such as "network.links[1].rate", as people write it, in the table of keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/yaml_path.hpp"

namespace millrace {

struct KeyPath {
  std::vector<PathStep> steps;
  const Key* key = nullptr;  // its row in the table
};

// The error of an unknown path names the unknown part and the keys known there.
Result<KeyPath> find_key_path(const Schema& schema, std::string_view path);

}  // namespace millrace
