// libFuzzer target: any bytes as a safetensors file. What is accepted must lie within the file and be
// readable.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/stage/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  const auto file = std::as_bytes(std::span(bytes, size));
  const auto index = parse_safetensors(file);
  if (!index) return 0;
  for (const auto& [name, tensor] : *index) {
    MR_CHECK(tensor.offset <= size && tensor.bytes <= size - tensor.offset);
    if (tensor.type == WeightType::other) continue;
    std::vector<float> values(tensor.bytes / (tensor.type == WeightType::f32 ? 4 : 2));
    widen_to_float(tensor.type, file.subspan(tensor.offset, tensor.bytes), values);
  }
  return 0;
}
