// klt on real activations of ViT-Base (random weights, synthetic images), calibrated on other images: encode
// and decode against a memcpy of the tensor, and both together against the forward pass of the whole model,
// all on one core.
#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "runtime/base/check.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/calibrate.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/stage.hpp"
#include "tests/bench/bench.hpp"

namespace millrace::bench {

namespace {

constexpr int kCut = 24;
constexpr std::uint64_t kCalibrationImages = 16, kFirstImage = 1000;
constexpr std::int64_t kMicrobatch = 8;
constexpr int kPairs = 15, kForwardPairs = 3;

CutTensors pixels(const ModelConfig& model) {
  const auto dataset = open_dataset("synthetic", model, 1);
  return *read_inputs(**dataset, model, kFirstImage, static_cast<std::uint32_t>(kMicrobatch));
}

}  // namespace

void bench_klt(Report& report) {
  prepare_blas();
  const ModelConfig model = *model_by_name("vit-base");
  const auto weights = make_weights("random", model, 1);
  const auto calibrated = calibrate({.model = model, .images = kCalibrationImages, .cuts = {kCut}},
                                    [](std::uint64_t /*images*/) { return true; });
  const auto calibration = std::make_shared<const CutCalibration>(calibrated->front());
  const auto whole = Stage::create(model, {1, model.sub_layers()}, **weights);
  const auto front = Stage::create(model, {1, kCut}, **weights);
  const CutTensors images = pixels(model);
  const CutTensor tensor = front->forward(images)->front();
  const auto codec = make_codec({.name = "klt", .calibration = calibration});
  std::vector<float> copy(tensor.values.size());
  Buffer encoding;
  for (const double bits : {1.0, 2.1, 3.1}) {
    const auto encode = [&] {
      encoding.clear();
      return seconds_of([&] { (*codec)->encode(tensor.view(), Budget{bits}, encoding); });
    };
    const auto decode = [&] {
      return seconds_of(
          [&] { MR_CHECK(decode_tensor(encoding, tensor.shape, copy, calibration.get()).ok()); });
    };
    const auto memory = [&] {
      return seconds_of([&] { std::memcpy(copy.data(), tensor.values.data(), copy.size() * sizeof(float)); });
    };
    encode();
    report.add({fmt::format("codec.encode.klt.b{}.x_memcpy", bits), median_ratio(memory, encode, kPairs), "x",
                "memcpy / encode"});
    report.add({fmt::format("codec.decode.klt.b{}.x_memcpy", bits), median_ratio(memory, decode, kPairs), "x",
                "memcpy / decode"});
    if (bits != 3.1) continue;
    const auto both = [&] { return encode() + decode(); };
    const auto forward = [&] { return seconds_of([&] { MR_CHECK(whole->forward(images).ok()); }); };
    report.add({"codec.klt.share_of_forward", median_ratio(both, forward, kForwardPairs), "",
                "encode + decode / forward of ViT-Base, 8 images, 3.1 bits"});
  }
}

}  // namespace millrace::bench
