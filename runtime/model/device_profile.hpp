// The cost of work on an imitated device: seconds per sub-layer from a profile file, or operations over a
// speed. A file has one or more microbatch sizes per model; the costs of a model that it does not list are
// derived from one that it lists (see derived_from()).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/model/layer_range.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

// Operations that a codec is assumed to spend on one value, each way, if only a device's speed is known.
inline constexpr double kCodecOperationsPerValue = 10;

class DeviceCost {
 public:
  // Cost = operations / speed (flops_per_image; kCodecOperationsPerValue). REQUIRES flop_per_s > 0.
  static DeviceCost by_speed(const ModelConfig& model, double flop_per_s);

  // REQUIRES a range of the model's sub-layers, images >= 0. Between two microbatch sizes of the profile the
  // cost is interpolated linearly; below the smallest and above the largest one it is proportional to the
  // images, at that size's cost per image. The sum over layers is rounded once, to 1 ns. Results, here and
  // below, are at most 3e9 s.
  Duration compute(LayerRange layers, std::int64_t images) const;
  Duration encode(std::int64_t values) const;
  Duration decode(std::int64_t values) const;
  // `device` of the profile; empty for by_speed.
  const std::string& device() const { return device_; }
  // The smallest microbatch that was measured; 1 for by_speed.
  std::int64_t least_images() const { return sizes_.front().images; }
  // The model whose rates (operations per second and sub-layer kind) these costs were derived from, because
  // the profile does not list the model itself or marks its entry as derived; else empty. Worth a warning.
  const std::string& derived_from() const { return derived_from_; }

 private:
  friend Result<DeviceCost> read_profile(const std::string&, const ModelConfig&, const std::string&);
  struct Size {
    std::int64_t images = 1;
    std::vector<double> seconds_per_image;  // of sub-layer i + 1
  };
  double seconds(const Size& size, LayerRange layers, double images) const;

  std::vector<Size> sizes_;  // not empty, images ascending
  double encode_s_per_value_ = 0, decode_s_per_value_ = 0;
  std::string device_, derived_from_;
};

// A profile file is YAML, UTF-8, at most 1 MiB; `millrace-node profile` writes one:
//
//   millrace_profile: 1
//   device: MinnowBoard Turbot, Atom E3845
//   source: where the numbers are from
//   codec_ns_per_value: {encode: 0.5, decode: 0.5}
//   codecs_ns_per_value:     # optional: codecs that were measured one by one
//     uniform: {encode: 0.7, decode: 0.3}
//   models:
//     vit-base:
//       microbatch: 8        # images the seconds are for
//       seconds: [...]       # one per sub-layer, 4·blocks of them, or a mean per kind:
//     vit-large:
//       microbatch: 8
//       seconds: {attention: 0.56, attention_output: 0.14, mlp_up: 0.6, mlp_down: 0.53, first: 0.74}
//     vit-tiny:              # several microbatch sizes, rising
//       weight_bytes: [...]  # optional, one per sub-layer: memory of its weights
//       measured:
//         - {microbatch: 1, seconds: [...], working_bytes: [...]}  # optional: memory taken while it computes
//         - {microbatch: 8, seconds: [...], working_bytes: [...]}
//     vit-huge:
//       derived_from: vit-large  # optional: these numbers were scaled from that model's, not measured
//       microbatch: 8
//       seconds: [...]
//
// `first` (default: attention) is sub-layer 1, which includes the embedding. Unknown, missing and duplicate
// keys, numbers that are negative or not finite, and lists of the wrong length are errors naming file:line.
// encode() and decode() charge the cost per value of `codec`; a codec that the file does not list costs
// codec_ns_per_value.
Result<DeviceCost> read_profile(const std::string& path, const ModelConfig& model,
                                const std::string& codec = {});

// Seconds of `model` at the rate (operations per second) that `listed` reaches in the same kind of
// sub-layer; the first sub-layer has a rate of its own. REQUIRES seconds of every sub-layer of `listed`.
std::vector<double> derive_seconds(const ModelConfig& listed, const std::vector<double>& seconds,
                                   const ModelConfig& model);

}  // namespace millrace
