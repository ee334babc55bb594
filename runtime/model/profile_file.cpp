#include "runtime/model/profile_file.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "runtime/base/read_file.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxModels = 256;
constexpr std::size_t kMaxSizes = 64;     // microbatch sizes of one model
constexpr std::size_t kMaxLayers = 4096;  // of a model that model_by_name does not know
const std::array<std::string, 4> kKinds{"attention", "attention_output", "mlp_up", "mlp_down"};

// One parse of one file. The first fault ends it: a profile is short.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  ProfileFile read(const YAML::Node& root) {
    const Keys keys =
        map(root, "the profile", {"millrace_profile", "device", "source", "codec_ns_per_value", "models"},
            {"codecs_ns_per_value"});
    if (whole(keys.at("millrace_profile"), "millrace_profile") != 1)
      fail(keys.at("millrace_profile"), "this program reads version 1 of millrace_profile");
    ProfileFile file;
    file.device = text(keys.at("device"), "device");
    file.source = text(keys.at("source"), "source");
    file.codec = codec_cost(keys.at("codec_ns_per_value"), "codec_ns_per_value");
    if (keys.contains("codecs_ns_per_value")) read_codecs(keys.at("codecs_ns_per_value"), file);
    read_models(keys.at("models"), file);
    return file;
  }

  struct Fault {
    std::string message;
  };
  [[noreturn]] void fail(const YAML::Node& at, const std::string& finding) const { fail(at.Mark(), finding); }
  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& finding) const {
    throw Fault{fmt::format("{}:{}: {}", file_, std::max(mark.line, 0) + 1, finding)};
  }

 private:
  using Keys = std::map<std::string, YAML::Node>;

  // All keys of a map, each once, none unknown, none of `required` absent.
  Keys map(const YAML::Node& node, const std::string& name, const std::set<std::string>& required,
           const std::set<std::string>& optional) const {
    if (!node.IsMap()) fail(node, name + " must be a map");
    Keys keys;
    for (const auto& item : node) {
      const YAML::Node &key = item.first, &value = item.second;
      const std::string word = text(key, "a key of " + name);
      if (!required.contains(word) && !optional.contains(word))
        fail(key, fmt::format("{} has no key \"{}\"", name, word));
      if (!keys.emplace(word, value).second)
        fail(key, fmt::format("key \"{}\" appears twice in {}", word, name));
    }
    for (const std::string& word : required)
      if (!keys.contains(word)) fail(node, fmt::format("{} lacks the key \"{}\"", name, word));
    return keys;
  }

  std::string text(const YAML::Node& node, const std::string& name) const {
    if (!node.IsScalar() || node.Scalar().empty()) fail(node, name + " must be a word or a sentence");
    return node.Scalar();
  }

  double number(const YAML::Node& node, const std::string& name) const {
    const std::string words = node.IsScalar() ? node.Scalar() : "something else";
    double value = 0;
    const auto [end, fault] = std::from_chars(words.data(), words.data() + words.size(), value);
    if (!node.IsScalar() || fault != std::errc{} || end != words.data() + words.size())
      fail(node, fmt::format("{} must be a number, got \"{}\"", name, words));
    if (!(value >= 0) || !std::isfinite(value))
      fail(node, fmt::format("{} must be >= 0 and finite, got \"{}\"", name, words));
    return value;
  }

  int whole(const YAML::Node& node, const std::string& name) const {
    const double value = number(node, name);
    if (value != std::floor(value) || value > 1e6)
      fail(node, fmt::format("{} must be a whole number up to 1000000, got \"{}\"", name, node.Scalar()));
    return static_cast<int>(value);
  }

  void read_models(const YAML::Node& node, ProfileFile& file) const {
    if (!node.IsMap() || node.size() == 0) fail(node, "models must be a map of at least one model");
    if (node.size() > kMaxModels) fail(node, fmt::format("at most {} models", kMaxModels));
    std::set<std::string> seen;
    for (const auto& item : node) {
      const YAML::Node &key = item.first, &value = item.second;
      ProfileFile::Model model;
      model.name = text(key, "a model's name");
      if (!seen.insert(model.name).second) fail(key, fmt::format("model \"{}\" appears twice", model.name));
      read_model(value, model);
      file.models.push_back(std::move(model));
    }
  }

  void read_model(const YAML::Node& node, ProfileFile::Model& model) const {
    const Keys keys = map(node, "model " + model.name, {},
                          {"microbatch", "seconds", "measured", "derived_from", "weight_bytes"});
    if (keys.contains("derived_from")) model.derived_from = text(keys.at("derived_from"), "derived_from");
    if (keys.contains("weight_bytes"))
      model.weight_bytes = list(keys.at("weight_bytes"), "weight_bytes", model);
    if (!keys.contains("measured")) {
      for (const char* key : {"microbatch", "seconds"})
        if (!keys.contains(key)) fail(node, fmt::format("model {} lacks the key \"{}\"", model.name, key));
      model.measured.push_back(measurement(keys, model));
      return;
    }
    for (const char* key : {"microbatch", "seconds"})
      if (keys.contains(key)) fail(keys.at(key), fmt::format("{} stands inside `measured` here", key));
    const YAML::Node& sizes = keys.at("measured");
    if (!sizes.IsSequence() || sizes.size() == 0 || sizes.size() > kMaxSizes)
      fail(sizes, fmt::format("measured must be a list of 1 to {} microbatch sizes", kMaxSizes));
    for (const auto& size : sizes) {
      const Keys own = map(size, "an entry of measured", {"microbatch", "seconds"}, {"working_bytes"});
      model.measured.push_back(measurement(own, model));
      const std::size_t count = model.measured.size();
      if (count > 1 && model.measured[count - 2].microbatch >= model.measured[count - 1].microbatch)
        fail(own.at("microbatch"), "microbatch sizes must rise from one entry of measured to the next");
    }
  }

  ProfileFile::Measurement measurement(const Keys& keys, const ProfileFile::Model& model) const {
    ProfileFile::Measurement result;
    result.microbatch = whole(keys.at("microbatch"), "microbatch");
    if (result.microbatch < 1) fail(keys.at("microbatch"), "microbatch must be at least 1");
    if (keys.contains("working_bytes"))
      result.working_bytes = list(keys.at("working_bytes"), "working_bytes", model);
    const YAML::Node& seconds = keys.at("seconds");
    if (seconds.IsSequence()) {
      result.seconds = list(seconds, "seconds", model);
      return result;
    }
    const Keys means = map(seconds, "seconds", {kKinds.begin(), kKinds.end()}, {"first"});
    for (std::size_t i = 0; i < kKinds.size(); ++i)
      result.mean_seconds[i] = number(means.at(kKinds[i]), kKinds[i]);
    result.first_seconds =
        means.contains("first") ? number(means.at("first"), "first") : result.mean_seconds[0];
    return result;
  }

  // One number per sub-layer.
  std::vector<double> list(const YAML::Node& node, const std::string& name,
                           const ProfileFile::Model& model) const {
    if (!node.IsSequence()) fail(node, name + " must be a list of numbers");
    const auto known = model_by_name(model.name);
    const std::size_t expected = known ? static_cast<std::size_t>(known->sub_layers()) : node.size();
    if (node.size() != expected || expected == 0 || expected % 4 != 0 || expected > kMaxLayers)
      fail(node, fmt::format("{} numbers for model {}, which has {} sub-layers", node.size(), model.name,
                             known ? std::to_string(expected)
                                   : fmt::format("a multiple of 4, at most {},", kMaxLayers)));
    std::vector<double> numbers;
    for (const auto& item : node) numbers.push_back(number(item, name));
    return numbers;
  }

  ProfileFile::CodecCost codec_cost(const YAML::Node& node, const std::string& name) const {
    const Keys keys = map(node, name, {"encode", "decode"}, {});
    return {number(keys.at("encode"), "encode"), number(keys.at("decode"), "decode")};
  }

  void read_codecs(const YAML::Node& node, ProfileFile& file) const {
    if (!node.IsMap() || node.size() > kMaxModels)
      fail(node, fmt::format("codecs_ns_per_value must be a map of at most {} codecs", kMaxModels));
    for (const auto& item : node) {
      const std::string name = text(item.first, "a codec's name");
      if (!file.codecs.emplace(name, codec_cost(item.second, "codec " + name)).second)
        fail(item.first, fmt::format("codec \"{}\" appears twice", name));
    }
  }

  std::string file_;
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
  Reader reader(name_in_errors);
  try {
    return reader.read(YAML::Load(text));
  } catch (const Reader::Fault& fault) {
    return Error{fault.message, ExitCode::invalid_input};
  } catch (const YAML::Exception& exception) {
    return Error{
        fmt::format("{}:{}: {}", name_in_errors, std::max(exception.mark.line, 0) + 1, exception.msg),
        ExitCode::invalid_input};
  }
}

Result<ProfileFile> read_profile_file(const std::string& path) {
  const auto text = read_file(path, kMaxFileBytes);
  if (!text) return text.error().in("reading profile " + path);
  return parse_profile(*text, path);
}

}  // namespace millrace
