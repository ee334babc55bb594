// The keys of `model` and `workload`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "runtime/base/check.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

std::string doc_of_dimension(std::string_view name) {
  struct Doc {
    std::string_view name, doc;
  };
  constexpr std::array<Doc, 13> kDocs{{
      {"blocks", "Transformer blocks, 4 sub-layers each. Default: the named model's, as for all dimensions."},
      {"width", "Values per token."},
      {"heads", "Attention heads; divides `width`."},
      {"mlp_width", "Values per token inside the MLP."},
      {"image_size", "vit, deit: pixels per side of the square image."},
      {"patch", "vit, deit: pixels per side of a patch; divides `image_size`."},
      {"channels", "vit, deit: colour channels."},
      {"classes", "Outputs of the head."},
      {"frames", "kwt: frames of audio features per clip, a token each."},
      {"coefficients", "kwt: features per frame."},
      {"sequence", "bert: tokens per sequence, padding included; at most `positions`."},
      {"positions", "bert: rows of the position embedding."},
      {"vocabulary", "bert: rows of the word embedding."},
  }};
  const auto found = std::ranges::find(kDocs, name, &Doc::name);
  MR_CHECK(found != kDocs.end(), "every dimension is documented");
  return std::string(found->doc);
}

// The named model; the rows of its dimensions follow, and replace the named model's values.
Row<ModelSection> name_row() {
  return {.key = {.path = "name",
                  .kind = ValueKind::choice,
                  .doc = "Transformer by name; its dimensions can be changed below.",
                  .required = true,
                  .choices = model_names()},
          .fill =
              [](const Fields& in, const std::string& at, ModelSection& model) {
                if (auto known = model_by_name(in.text(at).value_or(""))) model.config = *known;
              },
          .text = [](const ModelSection& model) { return model.config.name; }};
}

Row<ModelSection> dimension_row(const ModelDimension& dimension) {
  return {.key = {.path = std::string(dimension.name),
                  .kind = ValueKind::exact,
                  .doc = doc_of_dimension(dimension.name),
                  .least = 1,
                  .most = dimension.most},
          .fill = [value = dimension.value](
                      const Fields& in, const std::string& at,
                      ModelSection& model) { Stored<int>::read(in, Unit::none, at, model.config.*value); },
          .text = [dimension](const ModelSection& model) -> std::optional<std::string> {
            if (!dimension.of(model.config.family)) return std::nullopt;
            return fmt::format("{}", model.config.*dimension.value);
          }};
}

const Table<ModelConfig>& normalisation_table() {
  static const Table<ModelConfig> table = [] {
    Table<ModelConfig> made;
    made.key(
        &ModelConfig::normalisation,
        {.path = "normalisation",
         .doc = "vit, deit: what the weights expect of pixels, (u8/255 - mean) / std: `half` 0.5 and 0.5, "
                "`imagenet` 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225, `clip` that of OpenAI's CLIP, "
                "`unit` 0 and 1. Default: `imagenet` for deit, `half` for vit."},
        [](const ModelConfig& config) { return config.family == ModelFamily::vit; });
    made.no_default();
    return made;
  }();
  return table;
}

// Instead of `images`: scenario_fill.cpp multiplies by `model.microbatch`.
Row<WorkloadSection> microbatches_row() {
  return {.key = {.path = "microbatches",
                  .kind = ValueKind::exact,
                  .doc = "Full microbatches in all, instead of `images`. Default where neither is given: 8.",
                  .least = 1,
                  .most = kBillion}};
}

}  // namespace

const Table<ModelSection>& model_table() {
  static const Table<ModelSection> table = [] {
    Table<ModelSection> made;
    made.row(name_row());
    made.key(&ModelSection::weights,
             {.path = "weights",
              .kind = ValueKind::path,
              .doc = "`random` (seeded, the same however the model is cut) or a safetensors file.",
              .choices = {"random"}});
    made.key(
        &ModelSection::microbatch,
        {.path = "microbatch", .doc = "Images per microbatch.", .least = 1, .most = kMaxImagesPerMicrobatch});
    for (const ModelDimension& dimension : model_dimensions()) made.row(dimension_row(dimension));
    made.inlined(&ModelSection::config, normalisation_table());
    return made;
  }();
  return table;
}

const Table<WorkloadSection>& workload_table() {
  static const Table<WorkloadSection> table = [] {
    Table<WorkloadSection> made;
    made.key(&WorkloadSection::dataset,
             {.path = "dataset",
              .kind = ValueKind::path,
              .doc = "`synthetic` (seeded, without labels); for vit and deit `shapes` (seeded, labelled) or "
                     "`image-folder:PATH/labels.csv`, for kwt `features:FILE.safetensors`, for bert "
                     "`tokens:FILE.safetensors`.",
              .choices = {"synthetic", "shapes"},
              .prefixes = {"image-folder:", "features:", "tokens:"}});
    made.key(&WorkloadSection::images,
             {.path = "images",
              .doc = "Images (clips, sequences) in all; the last microbatch may be smaller.",
              .least = 1,
              .most = 65'536 * kBillion});
    made.no_default();
    made.row(microbatches_row());
    made.key(&WorkloadSection::arrivals,
             {.path = "arrivals",
              .doc = "When microbatches enter: as fast as credits allow, evenly at `rate`, or Poisson at "
                     "`rate`."});
    made.key(&WorkloadSection::images_per_s,
             {.path = "rate",
              .unit = Unit::image_rate,
              .doc = "Images per second that arrive; needed by arrivals `rate` and `poisson`.",
              .high = 1e9,
              .low_open = true});
    made.alternative({{"images"}, {"microbatches"}}, false);
    return made;
  }();
  return table;
}

}  // namespace millrace
