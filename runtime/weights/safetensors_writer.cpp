#include "runtime/weights/safetensors_writer.hpp"

#include <nlohmann/json.hpp>

#include "runtime/codec/half.hpp"

namespace millrace {

std::string half_safetensors(const std::vector<NamedTensor>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const NamedTensor& tensor : tensors) {
    const std::size_t begin = data.size();
    for (const float value : tensor.values) {
      const std::uint16_t half = half_from_float(value);
      data += static_cast<char>(half & 0xff);
      data += static_cast<char>(half >> 8);
    }
    header[tensor.name] = {{"dtype", "F16"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string file;
  for (std::size_t byte = 0; byte < sizeof(std::uint64_t); ++byte)
    file += static_cast<char>(std::uint64_t{text.size()} >> (8 * byte) & 0xff);
  return file + text + data;
}

}  // namespace millrace
