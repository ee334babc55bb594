// libFuzzer target: arbitrary bytes as an encoding. The first byte picks the expected shape; a decoded tensor
// must encode again, to the same length where the codec has a fixed rate.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/codec/klt_fit.hpp"

namespace {

// With number 1, so that a fuzzer finds it.
const millrace::CutCalibration& some_calibration() {
  using namespace millrace;
  static const CutCalibration kCalibration = [] {
    CutCalibration made;
    made.id = 1;
    TensorFit fit({TensorRole::residual, 33, 130}, 1);
    std::vector<float> values(33 * 130);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * i % 101) - 50;
    fit.add(values);
    made.tensors.push_back(fit.finish());
    return made;
  }();
  return kCalibration;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  constexpr std::array<TensorShape, 4> kShapes{{{1, 1, 4}, {2, 3, 7}, {0, 5, 5}, {1, 33, 130}}};
  if (size == 0) return 0;
  const auto& shape = kShapes[data[0] % kShapes.size()];
  const auto in = std::as_bytes(std::span(data, size)).subspan(1);
  std::vector<float> out(static_cast<std::size_t>(shape.values()));
  const auto length = decode_tensor(in, shape, out, &some_calibration());
  if (!length) return 0;
  const auto header = read_header(in).value();
  MR_CHECK(*length == kHeaderBytes + header.payload_bytes && *length <= in.size());
  for (const auto& name : codec_names()) {
    const auto scope = header.scope == ScaleScope::none ? ScaleScope::image : header.scope;
    const auto codec = make_codec({.name = name, .scope = scope}).value();
    const Budget budget{static_cast<double>(header.bits)};
    Buffer again;
    codec->encode({out, shape, header.role}, budget, again);
    MR_CHECK(decode_tensor(again, shape, out).ok());
    const auto own = read_header(again).value();
    if (own.codec == header.codec && own.codec != CodecId::klt) MR_CHECK(again.size() == *length);
  }
  return 0;
}
