// Writes safetensors files: half-precision tensors under their names, in the order given, with the data
// section aligned to 8 bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millrace {

struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major; as many as the product of the shape
};

// The bytes of a file, values rounded to F16. `metadata` goes into "__metadata__".
std::string half_safetensors(const std::vector<NamedTensor>& tensors,
                             const std::map<std::string, std::string>& metadata);

}  // namespace millrace
