// libFuzzer target: any bytes as a safetensors file. Accepted tensors must lie within the file and be
// readable.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/weights/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace millrace;
  const auto file = std::as_bytes(std::span(bytes, size));
  const auto index = parse_safetensors(file);
  if (!index) return 0;
  for (const auto& [name, tensor] : *index) {
    MR_CHECK(tensor.offset <= size && tensor.bytes <= size - tensor.offset);
    if (tensor.type == WeightType::other) continue;
    const auto stored = file.subspan(tensor.offset, tensor.bytes);
    const std::size_t count = tensor.bytes / size_of(tensor.type);
    if (is_integer(tensor.type)) {
      std::vector<std::int64_t> numbers(count);
      widen_to_integer(tensor.type, stored, numbers);
    } else {
      std::vector<float> values(count);
      widen_to_float(tensor.type, stored, values);
    }
  }
  return 0;
}
