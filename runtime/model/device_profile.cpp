#include "runtime/model/device_profile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "runtime/model/profile_file.hpp"

namespace millrace {

namespace {

constexpr int kKinds = 4;

bool same_dimensions(const ModelConfig& a, ModelConfig b) {
  b.name = a.name;
  return a == b;
}

// The sum of three such durations still fits into the clock's 9.2e9 s.
constexpr double kLongest_s = 3e9;
Duration duration_of(double seconds) { return Duration::from_seconds(std::min(seconds, kLongest_s)); }

double flops_of(const ModelConfig& model, int layer) { return flops_per_image(model, {layer, layer}); }

// The listed model whose number of operations is nearest, by ratio, to that of `model`; nothing if no listed
// model is known and measured.
std::optional<std::size_t> nearest(const ProfileFile& file, const ModelConfig& model) {
  std::optional<std::size_t> best;
  double best_distance = 0;
  for (std::size_t i = 0; i < file.models.size(); ++i) {
    const auto listed = model_by_name(file.models[i].name);
    if (!listed || !file.models[i].derived_from.empty()) continue;
    const double distance = std::abs(std::log(flops_per_image(*listed, {1, listed->sub_layers()}) /
                                              flops_per_image(model, {1, model.sub_layers()})));
    if (best && distance >= best_distance) continue;
    best = i;
    best_distance = distance;
  }
  return best;
}

}  // namespace

std::vector<double> derive_seconds(const ModelConfig& listed, const std::vector<double>& seconds,
                                   const ModelConfig& model) {
  std::array<double, kKinds + 1> flops{}, total{};
  const auto slot = [](int layer) {
    return layer == 1 ? std::size_t{kKinds} : static_cast<std::size_t>((layer - 1) % 4);
  };
  for (int layer = 1; layer <= listed.sub_layers(); ++layer) {
    flops[slot(layer)] += flops_of(listed, layer);
    total[slot(layer)] += seconds[static_cast<std::size_t>(layer) - 1];
  }
  std::vector<double> derived;
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    // In a model of one block the first sub-layer is the only attention.
    const std::size_t from = flops[slot(layer)] > 0 ? slot(layer) : std::size_t{kKinds};
    derived.push_back(flops_of(model, layer) * total[from] / flops[from]);
  }
  return derived;
}

DeviceCost DeviceCost::by_speed(const ModelConfig& model, double flop_per_s) {
  MR_CHECK(flop_per_s > 0 && std::isfinite(flop_per_s));
  DeviceCost cost;
  Size& size = cost.sizes_.emplace_back();
  for (int layer = 1; layer <= model.sub_layers(); ++layer)
    size.seconds_per_image.push_back(flops_of(model, layer) / flop_per_s);
  cost.encode_s_per_value_ = cost.decode_s_per_value_ = kCodecOperationsPerValue / flop_per_s;
  return cost;
}

double DeviceCost::seconds(const Size& size, LayerRange layers, double images) const {
  double seconds = 0;
  for (int layer = layers.first; layer <= layers.last; ++layer)
    seconds += size.seconds_per_image.at(static_cast<std::size_t>(layer) - 1);
  return seconds * images;
}

Duration DeviceCost::compute(LayerRange layers, std::int64_t images) const {
  MR_CHECK(images >= 0 && !sizes_.empty());
  const auto above =
      std::find_if(sizes_.begin(), sizes_.end(), [&](const Size& size) { return size.images >= images; });
  const auto wanted = static_cast<double>(images);
  if (above == sizes_.begin() || above == sizes_.end())
    return duration_of(seconds(above == sizes_.end() ? sizes_.back() : *above, layers, wanted));
  const Size &low = *(above - 1), &high = *above;
  const double low_images = static_cast<double>(low.images), high_images = static_cast<double>(high.images);
  const double at_low = seconds(low, layers, low_images), at_high = seconds(high, layers, high_images);
  return duration_of(at_low + (at_high - at_low) * (wanted - low_images) / (high_images - low_images));
}

Duration DeviceCost::encode(std::int64_t values) const {
  return duration_of(encode_s_per_value_ * static_cast<double>(values));
}

Duration DeviceCost::decode(std::int64_t values) const {
  return duration_of(decode_s_per_value_ * static_cast<double>(values));
}

Result<DeviceCost> read_profile(const std::string& path, const ModelConfig& model, const std::string& codec) {
  auto file = read_profile_file(path);
  if (!file) return file.error();
  DeviceCost cost;
  cost.device_ = file->device;
  const auto own = file->codecs.find(codec);
  const ProfileFile::CodecCost& charged = own == file->codecs.end() ? file->codec : own->second;
  cost.encode_s_per_value_ = charged.encode_ns_per_value * 1e-9;
  cost.decode_s_per_value_ = charged.decode_ns_per_value * 1e-9;

  const auto known = model_by_name(model.name);
  const bool of_our_own = !known || !same_dimensions(*known, model);
  const auto layers = static_cast<std::size_t>(model.sub_layers());
  for (const ProfileFile::Model& listed : file->models) {
    if (listed.name != model.name || (of_our_own && known)) continue;
    for (const auto& size : listed.measured) {
      auto seconds = size.seconds_per_image(model.blocks);
      if (seconds.size() != layers)
        return Error{fmt::format("{}: model \"{}\" has {} sub-layers, the profile lists {}", path, model.name,
                                 layers, seconds.size()),
                     ExitCode::invalid_input};
      cost.sizes_.push_back({size.microbatch, std::move(seconds)});
    }
    cost.derived_from_ = listed.derived_from;
    return cost;
  }
  const auto from = nearest(*file, model);
  if (!from)
    return Error{fmt::format("{}: no costs for model \"{}\", nor for one they could be derived from", path,
                             model.name),
                 ExitCode::invalid_input};
  const ProfileFile::Model& listed = file->models[*from];
  const ModelConfig listed_config = *model_by_name(listed.name);
  for (const auto& size : listed.measured) {
    const auto seconds = size.seconds_per_image(listed_config.blocks);
    cost.sizes_.push_back({size.microbatch, derive_seconds(listed_config, seconds, model)});
  }
  cost.derived_from_ = listed.name;
  return cost;
}

}  // namespace millrace
