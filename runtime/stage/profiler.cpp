#include "runtime/stage/profiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "runtime/codec/activation_codecs.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/stage/memory_meter.hpp"
#include "runtime/stage/stage.hpp"
#include "runtime/stage/tensor_executor.hpp"

namespace millrace {

namespace {

constexpr int kMaxRepeats = 1000, kMaxThreads = 1024;
constexpr double kCodecBits = 8;
// The sub-layers' share of all work: the codecs take about as long as the sub-layers of one block.
constexpr double kShareOfLayers = 0.9;

template <class Work>
double seconds_of(Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// The first images of a microbatch.
CutTensors first_images(const CutTensors& all, std::int64_t images) {
  CutTensors some = all;
  for (CutTensor& tensor : some) {
    const std::int64_t per_image = tensor.shape.values() / tensor.shape.images;
    tensor.shape.images = images;
    tensor.values.resize(static_cast<std::size_t>(per_image * images));
    tensor.values.shrink_to_fit();
  }
  return some;
}

// Synthetic input as a first stage decodes it from its source.
Result<CutTensors> model_input(const ModelConfig& model, std::uint64_t seed, int images) {
  auto source = make_source_executor({.model = model, .seed = seed});
  if (!source) return source.error();
  const auto loaded = (*source)->run({.kind = WorkKind::load,
                                      .microbatch = {},
                                      .first_image = 0,
                                      .images = static_cast<std::uint32_t>(images),
                                      .input = {},
                                      .budget = {}});
  if (!loaded) return loaded.error();
  CutTensors tensors = make_cut_tensors(model, 0, images);
  std::span<const std::byte> rest = *loaded->output.bytes;
  for (CutTensor& tensor : tensors) {
    const auto length = decode_tensor(rest, tensor.shape, tensor.values);
    if (!length) return length.error();
    rest = rest.subspan(*length);
  }
  return tensors;
}

Result<void> check(const ProfilingRequest& request) {
  const auto error = [](const std::string& finding) { return Error{finding, ExitCode::usage}; };
  if (auto sound = check_model(request.model); !sound) return sound;
  if (request.microbatches.empty()) return error("no microbatch size to measure");
  for (std::size_t i = 0; i < request.microbatches.size(); ++i) {
    const int images = request.microbatches[i];
    if (images < 1 || images > kMaxImagesPerMicrobatch)
      return error(fmt::format("a microbatch has 1 to {} images, got {}", kMaxImagesPerMicrobatch, images));
    if (std::count(request.microbatches.begin(), request.microbatches.end(), images) > 1)
      return error(fmt::format("microbatch size {} appears twice", images));
  }
  if (request.repeats < 1 || request.repeats > kMaxRepeats)
    return error(fmt::format("repeats must be 1 to {}, got {}", kMaxRepeats, request.repeats));
  if (request.threads < 1 || request.threads > kMaxThreads)
    return error(fmt::format("threads must be 1 to {}, got {}", kMaxThreads, request.threads));
  return {};
}

class Profiler {
 public:
  explicit Profiler(const ProfilingRequest& request) : request_(request), sizes_(request.microbatches) {
    std::sort(sizes_.begin(), sizes_.end());
  }

  Result<ProfileFile> run() {
    file_.device = request_.device;
    file_.source = request_.source;
    measured_.name = request_.model.name;
    measured_.measured.resize(sizes_.size());
    for (std::size_t i = 0; i < sizes_.size(); ++i) measured_.measured[i].microbatch = sizes_[i];
    const auto weights = make_weights(request_.weights, request_.model, request_.seed);
    if (!weights) return weights.error();
    auto input = model_input(request_.model, request_.seed, sizes_.back());
    if (!input) return input.error();
    activations_ = std::move(*input);
    const int layers = request_.model.sub_layers();
    const double all = flops_per_image(request_.model, {1, layers});
    for (int layer = 1; layer <= layers; ++layer) {
      const double done = flops_per_image(request_.model, {1, layer - 1}) / all;
      if (auto on = report(fmt::format("sub-layer {} of {}", layer, layers), kShareOfLayers * done); !on)
        return on.error();
      if (auto measured = measure_layer(layer, **weights); !measured) return measured.error();
      if ((layer - 1) / 4 == (request_.model.blocks - 1) / 2 && layer < layers)
        samples_.push_back(activations_);
    }
    if (auto measured = measure_codecs(); !measured) return measured.error();
    if (!working_known_)
      for (auto& size : measured_.measured) size.working_bytes.clear();
    file_.models.push_back(std::move(measured_));
    return std::move(file_);
  }

 private:
  Result<void> report(const std::string& what, double share) {
    now_ = {what, share};
    return go_on();
  }
  // Called before every measurement: with many repeats one sub-layer takes minutes.
  Result<void> go_on() const {
    if (!request_.watch || request_.watch(now_)) return {};
    return Error{"profile: interrupted at " + now_.what};
  }

  Result<void> measure_layer(int layer, const WeightSource& weights) {
    auto stage = Stage::create(request_.model, {layer, layer}, weights, request_.threads);
    if (!stage) return stage.error();
    measured_.weight_bytes.push_back(
        static_cast<double>(weight_bytes(request_.model, {layer, layer}).count()));
    Result<CutTensors> output = CutTensors{};
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const CutTensors input = first_images(activations_, sizes_[i]);
      std::vector<double> seconds;
      for (int repeat = 0; repeat <= request_.repeats; ++repeat) {
        if (auto on = go_on(); !on) return on;
        output = CutTensors{};
        const double taken = seconds_of([&] { output = stage->forward(input); });
        if (!output) return output.error();
        if (repeat > 0) seconds.push_back(taken);  // the first one warms up
      }
      measured_.measured[i].seconds.push_back(median(std::move(seconds)));
      output = CutTensors{};
      const auto before = begin_memory_peak();
      output = stage->forward(input);
      if (!output) return output.error();
      const auto peak = memory_peak();
      working_known_ = working_known_ && before && peak;
      measured_.measured[i].working_bytes.push_back(
          before && peak ? static_cast<double>(std::max<std::int64_t>(*peak - *before, 0)) : 0);
    }
    activations_ = std::move(*output);  // of the largest size
    return {};
  }

  Result<void> measure_codecs() {
    std::vector<std::string> names = request_.codecs;
    if (names.empty()) names = activation_codec_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double done = static_cast<double>(i) / static_cast<double>(names.size());
      if (auto on = report("codec " + names[i], kShareOfLayers + (1 - kShareOfLayers) * done); !on) return on;
      const auto codec = make_codec(names[i]);
      if (!codec) return codec.error();
      auto cost = measure_codec(**codec);
      if (!cost) return cost.error();
      file_.codecs[names[i]] = *cost;
      file_.codec.encode_ns_per_value = std::max(file_.codec.encode_ns_per_value, cost->encode_ns_per_value);
      file_.codec.decode_ns_per_value = std::max(file_.codec.decode_ns_per_value, cost->decode_ns_per_value);
    }
    return {};
  }

  Result<ProfileFile::CodecCost> measure_codec(const Codec& codec) const {
    std::vector<double> encode, decode;
    for (int repeat = 0; repeat <= request_.repeats; ++repeat) {
      if (auto on = go_on(); !on) return on.error();
      double encode_s = 0, decode_s = 0, values = 0;
      for (const CutTensors& cut : samples_) {
        for (const CutTensor& tensor : cut) {
          Buffer bytes;  // as in a stage, memory is reserved before the codec begins
          bytes.reserve(static_cast<std::size_t>(
              codec.predicted_size(tensor.shape, tensor.role, Budget{kCodecBits}).count()));
          encode_s += seconds_of([&] { codec.encode(tensor.view(), Budget{kCodecBits}, bytes); });
          std::vector<float> back(tensor.values.size());
          Result<std::size_t> length = std::size_t{0};
          decode_s += seconds_of([&] { length = decode_tensor(bytes, tensor.shape, back); });
          if (!length) return length.error();
          values += static_cast<double>(back.size());
        }
      }
      if (repeat == 0) continue;
      encode.push_back(encode_s * 1e9 / values);
      decode.push_back(decode_s * 1e9 / values);
    }
    return ProfileFile::CodecCost{median(std::move(encode)), median(std::move(decode))};
  }

  const ProfilingRequest& request_;
  std::vector<int> sizes_;  // rising
  ProfilingProgress now_;
  ProfileFile file_;
  ProfileFile::Model measured_;
  CutTensors activations_;           // at the cut before the next sub-layer, of the largest microbatch
  std::vector<CutTensors> samples_;  // at the cuts of the middle block
  bool working_known_ = true;
};

}  // namespace

Result<ProfileFile> measure_profile(const ProfilingRequest& request) {
  if (auto sound = check(request); !sound) return sound.error();
  return Profiler(request).run();
}

}  // namespace millrace
