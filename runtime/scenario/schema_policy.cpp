// The keys of `policy.quantization`.
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

using Quantization = PolicySection::Quantization;

std::vector<std::string> codec_names() {
  std::vector<std::string> names;
  names.reserve(kCodecKeys.size());
  for (const auto& codec : kCodecKeys) names.emplace_back(codec.name);
  return names;
}

void add_encoding(Table<Quantization>& table) {
  table.key(&Quantization::codec, {.path = "codec",
                                   .kind = ValueKind::choice,
                                   .doc = "The encoding; runtime/codec/README.md says what each does.",
                                   .choices = codec_names()});
  table.key(&Quantization::scope,
            {.path = "scope",
             .kind = ValueKind::choice,
             .doc = "What shares one range or scale: each image, each token, or the whole tensor of a "
                    "microbatch.",
             .choices = {"image", "token", "tensor"}});
  table.key(
      &Quantization::bits,
      {.path = "bits",
       .doc = "For `fixed`: bits per value; ranges come on top. Give 2 to 8, or 16, for uniform and the "
              "aciq family, any real number from 0.3 to 8 for klt, whose bits include everything; the "
              "others have one width.",
       .low = 0.3,
       .high = 32});
  table.no_default();
}

}  // namespace

const Table<Quantization>& quantization_table() {
  static const Table<Quantization> table = [] {
    Table<Quantization> made;
    made.key(&Quantization::kind,
             {.path = "kind",
              .kind = ValueKind::choice,
              .doc = "`fixed`: the same bits always. The others adapt them so that the target rate is held; "
                     "see runtime/policy/README.md.",
              .choices = words(kQuantizationNames)});
    add_encoding(made);
    made.key(&Quantization::target_images_per_s,
             {.path = "target_rate",
              .unit = Unit::image_rate,
              .doc = "Images per second to hold; every kind but `fixed` needs it. The summary says how many "
                     "microbatches met it.",
              .high = 1e9,
              .low_open = true});
    made.key(&Quantization::window,
             {.path = "window",
              .doc = "Microbatches after which `heuristic`, `max-fit` and `controller` decide again.",
              .least = 1,
              .most = 1'000'000},
             [](const Quantization& quantization) { return decides_in_windows(quantization.kind); });
    made.key(&Quantization::calibration,
             {.path = "calibration",
              .kind = ValueKind::path,
              .doc = "Folder with the output of `millrace-node calibrate` for codec klt, a file per cut; a "
                     "cut without a file is encoded uncalibrated, with more error. Default: none.",
              .folder = true});
    return made;
  }();
  return table;
}

}  // namespace millrace
