#include "runtime/stage/inputs.hpp"

#include <algorithm>
#include <vector>

namespace millrace {

Result<CutTensors> read_inputs(const Dataset& dataset, const ModelConfig& model, std::uint64_t first,
                               std::uint32_t images) {
  CutTensors tensors = make_cut_tensors(model, 0, images);
  std::vector<float> values(static_cast<std::size_t>(model.input_values()));
  for (std::uint32_t i = 0; i < images; ++i) {
    const auto read = dataset.read(first + i, values);
    if (!read) return read.error();
    std::span<const float> rest = values;
    for (CutTensor& tensor : tensors) {
      const auto own = static_cast<std::size_t>(tensor.shape.rows * tensor.shape.width);
      std::ranges::copy(rest.first(own), tensor.values.begin() + static_cast<std::ptrdiff_t>(i * own));
      rest = rest.subspan(own);
    }
  }
  return tensors;
}

}  // namespace millrace
