#include "runtime/model/profile_file.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "runtime/base/read_file.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/yaml/checked_yaml.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kMostWhole = 1'000'000;
constexpr std::size_t kMaxModels = 256;
constexpr std::size_t kMaxSizes = 64;     // microbatch sizes of one model
constexpr std::size_t kMaxLayers = 4096;  // of a model that model_by_name does not know
const std::array<std::string, 4> kKinds{"attention", "attention_output", "mlp_up", "mlp_down"};

// One parse of one file.
class Reader {
 public:
  using Fields = CheckedYaml::Fields;

  Reader(const std::string& name, const std::string& text) : yaml_(name, text) {}

  ProfileFile read() const {
    const Fields keys = yaml_.fields(yaml_.root(), "the profile",
                                     {"millrace_profile", "device", "source", "codec_ns_per_value", "models"},
                                     {"codecs_ns_per_value"});
    const YamlNode& version = *keys.at("millrace_profile");
    if (yaml_.whole(version, "millrace_profile", kMostWhole) != 1)
      yaml_.fail(version, "this program reads version 1 of millrace_profile");
    ProfileFile file;
    file.device = yaml_.text(*keys.at("device"), "device");
    file.source = yaml_.text(*keys.at("source"), "source");
    file.codec = codec_cost(*keys.at("codec_ns_per_value"), "codec_ns_per_value");
    if (keys.contains("codecs_ns_per_value")) read_codecs(*keys.at("codecs_ns_per_value"), file);
    read_models(*keys.at("models"), file);
    return file;
  }

 private:
  void read_models(const YamlNode& node, ProfileFile& file) const {
    const auto& entries = yaml_.entries(node, "models");
    if (entries.empty() || entries.size() > kMaxModels)
      yaml_.fail(node, fmt::format("models must be a map of 1 to {} models", kMaxModels));
    for (const auto& [name, mark, value] : entries) {
      ProfileFile::Model& model = file.models.emplace_back();
      model.name = name;
      read_model(value, model);
    }
  }

  void read_model(const YamlNode& node, ProfileFile::Model& model) const {
    const Fields keys = yaml_.fields(node, "model " + model.name, {},
                                     {"microbatch", "seconds", "measured", "derived_from", "weight_bytes"});
    if (keys.contains("derived_from"))
      model.derived_from = yaml_.text(*keys.at("derived_from"), "derived_from");
    if (keys.contains("weight_bytes"))
      model.weight_bytes = per_layer(*keys.at("weight_bytes"), "weight_bytes", model);
    if (!keys.contains("measured")) {
      for (const char* key : {"microbatch", "seconds"})
        if (!keys.contains(key))
          yaml_.fail(node, fmt::format("model {} lacks the key \"{}\"", model.name, key));
      model.measured.push_back(measurement(keys, model));
      return;
    }
    for (const char* key : {"microbatch", "seconds"})
      if (keys.contains(key)) yaml_.fail(*keys.at(key), fmt::format("{} stands inside `measured` here", key));
    read_measured(*keys.at("measured"), model);
  }

  void read_measured(const YamlNode& node, ProfileFile::Model& model) const {
    const auto& sizes = yaml_.items(node, "measured");
    if (sizes.empty() || sizes.size() > kMaxSizes)
      yaml_.fail(node, fmt::format("measured must be a list of 1 to {} microbatch sizes", kMaxSizes));
    for (const auto& size : sizes) {
      const Fields keys =
          yaml_.fields(size, "an entry of measured", {"microbatch", "seconds"}, {"working_bytes"});
      const int before = model.measured.empty() ? 0 : model.measured.back().microbatch;
      model.measured.push_back(measurement(keys, model));
      if (model.measured.back().microbatch <= before)
        yaml_.fail(*keys.at("microbatch"),
                   "microbatch sizes must rise from one entry of measured to the next");
    }
  }

  ProfileFile::Measurement measurement(const Fields& keys, const ProfileFile::Model& model) const {
    ProfileFile::Measurement result;
    const YamlNode& microbatch = *keys.at("microbatch");
    result.microbatch = yaml_.whole(microbatch, "microbatch", kMostWhole);
    if (result.microbatch < 1) yaml_.fail(microbatch, "microbatch must be at least 1");
    if (keys.contains("working_bytes"))
      result.working_bytes = per_layer(*keys.at("working_bytes"), "working_bytes", model);
    const YamlNode& seconds = *keys.at("seconds");
    if (seconds.kind == YamlNode::Kind::list) {
      result.seconds = per_layer(seconds, "seconds", model);
      return result;
    }
    const Fields means = yaml_.fields(seconds, "seconds", {kKinds.begin(), kKinds.end()}, {"first"});
    for (std::size_t i = 0; i < kKinds.size(); ++i)
      result.mean_seconds[i] = yaml_.number(*means.at(kKinds[i]), kKinds[i]);
    result.first_seconds =
        means.contains("first") ? yaml_.number(*means.at("first"), "first") : result.mean_seconds[0];
    return result;
  }

  // One number per sub-layer.
  std::vector<double> per_layer(const YamlNode& node, const std::string& name,
                                const ProfileFile::Model& model) const {
    auto numbers = yaml_.numbers(node, name);
    const auto known = model_by_name(model.name);
    const std::size_t expected = known ? static_cast<std::size_t>(known->sub_layers()) : numbers.size();
    if (numbers.size() != expected || expected == 0 || expected % 4 != 0 || expected > kMaxLayers)
      yaml_.fail(node,
                 fmt::format("{} numbers for model {}, which has {} sub-layers", numbers.size(), model.name,
                             known ? std::to_string(expected)
                                   : fmt::format("a multiple of 4, at most {},", kMaxLayers)));
    return numbers;
  }

  ProfileFile::CodecCost codec_cost(const YamlNode& node, const std::string& name) const {
    const Fields keys = yaml_.fields(node, name, {"encode", "decode"});
    return {yaml_.number(*keys.at("encode"), "encode"), yaml_.number(*keys.at("decode"), "decode")};
  }

  void read_codecs(const YamlNode& node, ProfileFile& file) const {
    const auto& entries = yaml_.entries(node, "codecs_ns_per_value");
    if (entries.size() > kMaxModels)
      yaml_.fail(node, fmt::format("codecs_ns_per_value must be a map of at most {} codecs", kMaxModels));
    for (const auto& [name, mark, cost] : entries)
      file.codecs.emplace(name, codec_cost(cost, "codec " + name));
  }

  CheckedYaml yaml_;
};

}  // namespace

std::vector<double> ProfileFile::Measurement::seconds_per_image(int blocks) const {
  std::vector<double> result = seconds;
  if (result.empty()) {
    for (int layer = 0; layer < 4 * blocks; ++layer)
      result.push_back(layer == 0 ? first_seconds : mean_seconds[static_cast<std::size_t>(layer % 4)]);
  }
  for (double& value : result) value /= microbatch;
  return result;
}

Result<ProfileFile> parse_profile(const std::string& text, const std::string& name_in_errors) {
  try {
    return Reader(name_in_errors, text).read();
  } catch (const CheckedYaml::Fault& fault) {
    return fault.error();
  }
}

Result<ProfileFile> read_profile_file(const std::string& path) {
  const auto text = read_file(path, kMaxFileBytes);
  if (!text) return text.error().in("reading profile " + path);
  return parse_profile(*text, path);
}

}  // namespace millrace
