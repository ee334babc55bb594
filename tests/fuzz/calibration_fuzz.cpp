// libFuzzer target: arbitrary bytes as a side file of codec klt. An accepted file must be written back as the
// same bytes, and encode and decode a tensor of its cut.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/klt_calibration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const auto in = std::as_bytes(std::span(data, size));
  auto parsed = parse_calibration(in);
  if (!parsed) return 0;
  MR_CHECK(serialize(*parsed) == Buffer(in.begin(), in.end()));
  const auto calibration = std::make_shared<const CutCalibration>(*std::move(parsed));
  const auto& tensor = calibration->tensors.front();
  const TensorShape shape{1, tensor.rows, tensor.width};
  if (shape.values() > 4096) return 0;
  std::vector<float> values(static_cast<std::size_t>(shape.values())), out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) - 8;
  Buffer encoding;
  make_codec(CodecChoice{.name = "klt", .calibration = calibration})
      .value()
      ->encode({values, shape, tensor.role}, Budget{3}, encoding);
  MR_CHECK(decode_tensor(encoding, shape, out, calibration.get()).ok());
  return 0;
}
