#include "runtime/stage/tensor_executor.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/scoring.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

namespace {

// No codec packs more values into a byte, so the size of a payload bounds what it can make us allocate.
constexpr std::uint64_t kMaxValuesPerByte = 32;

// lap() returns the time since construction or the last lap().
class Stopwatch {
 public:
  Duration lap() {
    const auto now = std::chrono::steady_clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_);
    last_ = now;
    return Duration::ns(passed.count());
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Error about(const Work& work, const std::string& finding) {
  return {fmt::format("microbatch {}: {}", work.microbatch.value, finding)};
}

Result<void> check_images(const Work& work) {
  if (work.images >= 1 && work.images <= static_cast<std::uint32_t>(kMaxImagesPerMicrobatch)) return {};
  return about(work, fmt::format("1 to {} images, got {}", kMaxImagesPerMicrobatch, work.images));
}

// The tensors at a cut, from a payload that must hold exactly their encodings.
Result<CutTensors> decode_cut(const ModelConfig& model, int cut, const Work& work,
                              const CutCalibration* calibration = nullptr) {
  if (const auto checked = check_images(work); !checked) return checked.error();
  if (work.input.bytes == nullptr) return about(work, "the payload has a size but no bytes");
  std::span<const std::byte> rest = *work.input.bytes;
  const auto values = static_cast<std::uint64_t>(values_at_cut(model, cut)) * work.images;
  if (rest.size() < values / kMaxValuesPerByte)
    return about(work, fmt::format("{} bytes are too few for {} values", rest.size(), values));
  CutTensors tensors = make_cut_tensors(model, cut, work.images);
  for (CutTensor& tensor : tensors) {
    const auto length = decode_tensor(rest, tensor.shape, tensor.values, calibration);
    if (!length) return about(work, length.error().message);
    rest = rest.subspan(*length);
  }
  if (!rest.empty()) return about(work, fmt::format("{} bytes behind the last tensor", rest.size()));
  return tensors;
}

// Encodes the tensors one after the other, each with its codec_for(); fills in output, values, bit_width and
// measured.encode.
Outcome encode_cut(const Codec& codec, Budget budget, const CutTensors& tensors) {
  Stopwatch watch;
  Outcome outcome;
  Buffer bytes;
  Bytes expected;
  for (const CutTensor& tensor : tensors)
    expected += codec_for(tensor.role, codec).predicted_size(tensor.shape, tensor.role, budget);
  bytes.reserve(static_cast<std::size_t>(expected.count()));
  for (const CutTensor& tensor : tensors) {
    codec_for(tensor.role, codec).encode(tensor.view(), budget, bytes);
    outcome.values += tensor.values.size();
  }
  outcome.output = Payload::of(std::move(bytes));
  outcome.bit_width = codec_for(tensors.front().role, codec).bit_width(budget);
  outcome.measured.encode = watch.lap();
  return outcome;
}

class SourceExecutor final : public Executor {
 public:
  SourceExecutor(ModelConfig model, std::unique_ptr<Dataset> dataset, std::unique_ptr<Codec> codec)
      : model_(std::move(model)), dataset_(std::move(dataset)), codec_(std::move(codec)) {}

  Result<Outcome> run(const Work& work) override {
    if (work.kind != WorkKind::load) return about(work, "a source only loads images");
    if (const auto checked = check_images(work); !checked) return checked.error();
    Stopwatch watch;
    const auto images = read_inputs(*dataset_, model_, work.first_image, work.images);
    if (!images) return images.error();
    const Duration reading = watch.lap();
    Outcome outcome = encode_cut(*codec_, Budget{}, *images);
    outcome.measured.compute = reading;
    return outcome;
  }

 private:
  ModelConfig model_;
  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<Codec> codec_;
};

class StageExecutor final : public Executor {
 public:
  // `calibration` is that of the input's cut; null if there is none.
  StageExecutor(Stage stage, std::unique_ptr<Codec> codec, std::shared_ptr<const CutCalibration> calibration)
      : stage_(std::move(stage)), codec_(std::move(codec)), calibration_(std::move(calibration)) {}

  Result<Outcome> run(const Work& work) override {
    if (work.kind == WorkKind::forward) return forward(work);
    if (work.kind == WorkKind::encode) return encode(work);
    return about(work, "a stage only computes and encodes");
  }

 private:
  Result<Outcome> forward(const Work& work) {
    if (kept_.contains(work.microbatch)) return about(work, "computed again before it was encoded");
    if (kept_.size() >= kMaxKeptMicrobatches)
      return about(work, fmt::format("more than {} microbatches wait to be encoded", kMaxKeptMicrobatches));
    Stopwatch watch;
    auto input = decode_cut(stage_.model(), stage_.layers().first - 1, work, calibration_.get());
    if (!input) return input.error();
    Outcome outcome;
    outcome.measured.decode = watch.lap();
    auto output = stage_.forward(*input);
    if (!output) return about(work, output.error().message);
    outcome.measured.compute = watch.lap();
    kept_.emplace(work.microbatch, std::move(*output));
    return outcome;
  }

  Result<Outcome> encode(const Work& work) {
    const auto kept = kept_.find(work.microbatch);
    if (kept == kept_.end()) return about(work, "to be encoded, but was not computed");
    Outcome outcome = encode_cut(*codec_, work.budget, kept->second);
    kept_.erase(kept);
    return outcome;
  }

  Stage stage_;
  std::unique_ptr<Codec> codec_;
  std::shared_ptr<const CutCalibration> calibration_;
  std::map<MicrobatchId, CutTensors> kept_;
};

class SinkExecutor final : public Executor {
 public:
  SinkExecutor(ModelConfig model, std::unique_ptr<Dataset> dataset)
      : model_(std::move(model)), dataset_(std::move(dataset)) {}

  Result<Outcome> run(const Work& work) override {
    if (work.kind != WorkKind::score) return about(work, "a sink only scores logits");
    Stopwatch watch;
    const auto logits = decode_cut(model_, model_.sub_layers(), work);
    if (!logits) return logits.error();
    Outcome outcome;
    outcome.measured.decode = watch.lap();
    const auto classes = static_cast<std::size_t>(model_.classes);
    for (std::uint32_t i = 0; i < work.images; ++i) {
      const std::span<const float> own = std::span(logits->front().values).subspan(i * classes, classes);
      const std::uint64_t image = work.first_image + i;
      const auto label = dataset_->label(image);
      ImageOutput output{image, std::nullopt, label, sha256_hex(std::as_bytes(own))};
      const bool finite = all_finite(own);
      if (finite) output.predicted = predicted_class(own);
      if (label && *label < classes)
        output.label_rank = finite ? rank_of(own, *label) : static_cast<std::uint32_t>(classes);
      outcome.outputs.push_back(std::move(output));
    }
    outcome.measured.compute = watch.lap();
    return outcome;
  }

 private:
  ModelConfig model_;
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace

Result<std::unique_ptr<Executor>> make_source_executor(const DatasetChoice& choice) {
  if (const auto checked = check_model(choice.model); !checked) return checked.error();
  auto dataset = open_dataset(choice.dataset, choice.model, choice.seed);
  if (!dataset) return dataset.error();
  if (const auto held = (*dataset)->size(); held && *held < choice.images) {
    return Error{fmt::format("{} holds {} images, and workload.images asks for {}", choice.dataset, *held,
                             choice.images),
                 ExitCode::invalid_input};
  }
  auto codec = make_codec(CodecChoice{});
  if (!codec) return codec.error();
  return std::unique_ptr<Executor>(
      std::make_unique<SourceExecutor>(choice.model, std::move(*dataset), std::move(*codec)));
}

namespace {

// A calibration made with other weights decodes correctly, but does not fit the statistics of what is sent.
Result<void> warn_of_other_weights(const StageChoice& choice, const CutCalibration& calibration) {
  std::string sha256;
  if (choice.weights != "random") {
    auto hash = sha256_of_file(choice.weights);
    if (!hash) return hash.error();
    sha256 = *std::move(hash);
  }
  if (sha256 != calibration.weights_sha256)
    log_warning(
        "{}/{} was learnt with other weights than {}: cut {} takes more bits than it need take; learn it "
        "again "
        "with millrace-node calibrate",
        choice.calibrations, calibration_file_name(calibration.cut), choice.weights, calibration.cut);
  return {};
}

}  // namespace

Result<std::unique_ptr<Executor>> make_stage_executor(const StageChoice& choice) {
  if (const auto checked = check_model(choice.model); !checked) return checked.error();
  std::shared_ptr<const CutCalibration> input;
  CodecChoice own = choice.codec;
  if (!choice.calibrations.empty()) {
    auto before = find_calibration(choice.calibrations, choice.model, choice.layers.first - 1);
    if (!before) return before.error();
    input = *before;
    auto after = find_calibration(choice.calibrations, choice.model, choice.layers.last);
    if (!after) return after.error();
    own.calibration = *after;
    if (own.name == "klt" && own.calibration == nullptr && choice.layers.last < choice.model.sub_layers())
      log_warning("{} has no {}: cut {} is encoded without a calibration, which takes more bits",
                  choice.calibrations, calibration_file_name(choice.layers.last), choice.layers.last);
    if (own.name == "klt" && own.calibration != nullptr) {
      const auto checked = warn_of_other_weights(choice, *own.calibration);
      if (!checked) return checked.error();
    }
  }
  auto codec = make_codec(own);
  if (!codec) return codec.error();
  const auto weights = make_weights(choice.weights, choice.model, choice.seed);
  if (!weights) return weights.error();
  auto stage = Stage::create(choice.model, choice.layers, **weights, choice.threads, choice.device);
  if (!stage) return stage.error();
  return std::unique_ptr<Executor>(
      std::make_unique<StageExecutor>(std::move(*stage), std::move(*codec), std::move(input)));
}

Result<std::unique_ptr<Executor>> make_sink_executor(const DatasetChoice& choice) {
  if (const auto checked = check_model(choice.model); !checked) return checked.error();
  auto dataset = open_dataset(choice.dataset, choice.model, choice.seed);
  if (!dataset) return dataset.error();
  return std::unique_ptr<Executor>(std::make_unique<SinkExecutor>(choice.model, std::move(*dataset)));
}

}  // namespace millrace
