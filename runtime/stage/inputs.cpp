#include "runtime/stage/inputs.hpp"

#include <algorithm>
#include <vector>

namespace millrace {

Result<CutTensors> read_inputs(const Dataset& dataset, const ModelConfig& model, std::uint64_t first,
                               std::uint32_t images) {
  CutTensors tensors = make_cut_tensors(model, 0, images);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(model.input_values()));
  auto out = tensors[0].values.begin();
  for (std::uint32_t i = 0; i < images; ++i) {
    const auto read = dataset.read(first + i, pixels);
    if (!read) return read.error();
    out = std::copy(pixels.begin(), pixels.end(), out);
  }
  return tensors;
}

}  // namespace millrace
