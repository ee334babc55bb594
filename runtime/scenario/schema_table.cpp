// The table of all keys of a scenario, in the order of the reference.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/scenario/schema_rows.hpp"
#include "runtime/scenario/sweep_section.hpp"

namespace millrace {
namespace {

using Kind = ValueKind;
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

void add_model(std::vector<Key>& keys) {
  keys.push_back({.path = "model", .kind = Kind::map, .doc = "What is inferred.", .required = true});
  keys.push_back({.path = "model.name",
                  .kind = Kind::choice,
                  .doc = "Transformer by name; its dimensions can be changed below.",
                  .required = true,
                  .choices = model_names()});
  keys.push_back({.path = "model.weights",
                  .kind = Kind::path,
                  .doc = "`random` (seeded, the same however the model is cut) or a safetensors file.",
                  .fallback = "random",
                  .choices = {"random"}});
  keys.push_back({.path = "model.microbatch",
                  .kind = Kind::exact,
                  .doc = "Images per microbatch.",
                  .fallback = "8",
                  .least = 1,
                  .most = kMaxImagesPerMicrobatch});
  for (const ModelDimension& dimension : model_dimensions())
    keys.push_back({.path = fmt::format("model.{}", dimension.name),
                    .kind = Kind::exact,
                    .doc = doc_of_dimension(dimension.name),
                    .least = 1,
                    .most = dimension.most});
  keys.push_back(
      {.path = "model.normalisation",
       .kind = Kind::choice,
       .doc = "vit, deit: what the weights expect of pixels, (u8/255 - mean) / std: `half` 0.5 and 0.5, "
              "`imagenet` "
              "0.485, 0.456, 0.406 and 0.229, 0.224, 0.225, `clip` that of OpenAI's CLIP, `unit` 0 and 1. "
              "Default: `imagenet` for deit, `half` for vit.",
       .choices = words(kNormalisationNames)});
}

void add_workload(std::vector<Key>& keys) {
  keys.push_back({.path = "workload", .kind = Kind::map, .doc = "What is fed into the pipeline."});
  keys.push_back({.path = "workload.dataset",
                  .kind = Kind::path,
                  .doc =
                      "`synthetic` (seeded, without labels); for vit and deit `shapes` (seeded, labelled) or "
                      "`image-folder:PATH/labels.csv`, for kwt `features:FILE.safetensors`, for bert "
                      "`tokens:FILE.safetensors`.",
                  .fallback = "synthetic",
                  .choices = {"synthetic", "shapes"},
                  .prefixes = {"image-folder:", "features:", "tokens:"}});
  keys.push_back({.path = "workload.images",
                  .kind = Kind::exact,
                  .doc = "Images (clips, sequences) in all; the last microbatch may be smaller.",
                  .least = 1,
                  .most = 65'536 * kBillion});
  keys.push_back({.path = "workload.microbatches",
                  .kind = Kind::exact,
                  .doc = "Full microbatches in all, instead of `images`. Default where neither is given: 8.",
                  .least = 1,
                  .most = kBillion});
  keys.push_back(
      {.path = "workload.arrivals",
       .kind = Kind::choice,
       .doc = "When microbatches enter: as fast as credits allow, evenly at `rate`, or Poisson at `rate`.",
       .fallback = "closed-loop",
       .choices = words(kArrivalNames)});
  keys.push_back({.path = "workload.rate",
                  .kind = Kind::real,
                  .unit = Unit::image_rate,
                  .doc = "Images per second that arrive; needed by arrivals `rate` and `poisson`.",
                  .high = 1e9,
                  .low_open = true});
}

void add_sweep(std::vector<Key>& keys) {
  keys.push_back(
      {.path = "sweep",
       .kind = Kind::map,
       .doc = "What `millrace sweep` varies: the product of the parts below. `millrace run` leaves it "
              "aside."});
  keys.push_back(
      {.path = "sweep.grid", .kind = Kind::setting_lists, .doc = "Every combination of these values."});
  keys.push_back({.path = "sweep.zip",
                  .kind = Kind::setting_lists,
                  .doc = "Lists of one length, gone through together."});
  keys.push_back({.path = "sweep.list",
                  .kind = Kind::list,
                  .doc = "Variants, of several keys each: policies to compare, say.",
                  .min_items = 1,
                  .max_items = kMaxSweptValues});
  keys.push_back({.path = "sweep.list[]", .kind = Kind::map, .doc = "A variant."});
  keys.push_back({.path = "sweep.list[].name",
                  .kind = Kind::name,
                  .doc = "Unique; what tables and pictures call it.",
                  .required = true});
  keys.push_back(
      {.path = "sweep.list[].set", .kind = Kind::settings, .doc = "What it sets.", .required = true});
  keys.push_back(
      {.path = "sweep.replications",
       .kind = Kind::exact,
       .doc = "How often each, with the seeds `run.seed`, `run.seed` + 1, …; for confidence intervals.",
       .fallback = "1",
       .least = 1,
       .most = 10'000});
}

Schema make_schema() {
  Schema schema;
  schema.keys.push_back({.path = "millrace",
                         .kind = Kind::exact,
                         .doc = "Version of this format.",
                         .required = true,
                         .least = 1,
                         .most = 1});
  schema.keys.push_back(
      {.path = "name", .kind = Kind::name, .doc = "Names the scenario in reports.", .required = true});
  add_model(schema.keys);
  add_workload(schema.keys);
  add_devices(schema.keys);
  add_network(schema.keys);
  add_events(schema.keys);
  add_policy(schema.keys);
  add_run(schema.keys);
  add_sweep(schema.keys);
  schema.alternatives = {{"workload", {{"images"}, {"microbatches"}}, false},
                         {"devices[]", {{"profile"}, {"speed"}}, false},
                         {"network.links[]", {{"between"}, {"from", "to"}}, true},
                         {"policy.partition", {{"target_rate"}, {"accuracy_floor"}}, false},
                         {"events[]", {{"link"}, {"from", "to"}}, true},
                         {"events[]", {{"rate"}, {"trace"}}, false}};
  for (const char* link :
       {"network.links[]", "network.segments[].access[].up", "network.segments[].access[].down"})
    add_link_alternatives(schema.alternatives, link);
  return schema;
}

}  // namespace

const Schema& scenario_schema() {
  static const Schema schema = make_schema();
  return schema;
}

}  // namespace millrace
