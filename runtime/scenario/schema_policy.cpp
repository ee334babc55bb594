// The rows of `policy` in the table of keys; those of `policy.partition` are in schema_partition.cpp.
#include <string>
#include <vector>

#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {
namespace {

using Kind = ValueKind;

std::vector<std::string> codec_names() {
  std::vector<std::string> names;
  names.reserve(kCodecKeys.size());
  for (const auto& codec : kCodecKeys) names.emplace_back(codec.name);
  return names;
}

}  // namespace

void add_policy(std::vector<Key>& keys) {
  keys.push_back({.path = "policy", .kind = Kind::map, .doc = "Who decides."});
  add_partition(keys);
  keys.push_back({.path = "policy.quantization", .kind = Kind::map, .doc = "How activations are encoded."});
  keys.push_back({.path = "policy.quantization.kind",
                  .kind = Kind::choice,
                  .doc =
                      "`fixed`: the same bits always. The others adapt them so that the target rate is held; "
                      "runtime/policy/README.md says how each does.",
                  .fallback = "fixed",
                  .choices = words(kQuantizationNames)});
  keys.push_back({.path = "policy.quantization.target_rate",
                  .kind = Kind::real,
                  .unit = Unit::image_rate,
                  .doc =
                      "Images per second to hold; every kind but `fixed` needs it. The summary says how many "
                      "microbatches met it.",
                  .high = 1e9,
                  .low_open = true});
  keys.push_back(
      {.path = "policy.quantization.window",
       .kind = Kind::exact,
       .doc = "Microbatches after which `heuristic`, `max-fit` and `controller` decide anew. Default: 10.",
       .least = 1,
       .most = 1'000'000});
  keys.push_back({.path = "policy.quantization.codec",
                  .kind = Kind::choice,
                  .doc = "The encoding; runtime/codec/README.md says what each does.",
                  .fallback = "fp32",
                  .choices = codec_names()});
  keys.push_back({.path = "policy.quantization.scope",
                  .kind = Kind::choice,
                  .doc = "What shares one range or scale: each image, each token, or the whole tensor of a "
                         "microbatch.",
                  .fallback = "image",
                  .choices = {"image", "token", "tensor"}});
  keys.push_back(
      {.path = "policy.quantization.bits",
       .kind = Kind::real,
       .doc =
           "For `fixed`: bits per value; ranges come on top. Give 2 to 8, or 16, for uniform and the aciq "
           "family, any real number from 0.3 to 8 for klt, where it counts everything; the others have one "
           "width.",
       .low = 0.3,
       .high = 32});
  keys.push_back(
      {.path = "policy.quantization.calibration",
       .kind = Kind::path,
       .doc = "Folder of what `millrace-node calibrate` has learnt for codec klt, a file per cut; a cut "
              "without one is encoded without a calibration, worse. Default: none."});
}

}  // namespace millrace
