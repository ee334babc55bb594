#include "runtime/model/profile_file.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "runtime/model/model_config.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxModels = 256;

// One parse of one file. The first fault ends it: a profile is short.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  ProfileFile read(const YAML::Node& root) {
    const Keys keys = map(root, "the profile",
                          {"millrace_profile", "device", "source", "codec_ns_per_value", "models"}, {});
    if (whole(keys.at("millrace_profile"), "millrace_profile") != 1)
      fail(keys.at("millrace_profile"), "this program reads version 1 of millrace_profile");
    ProfileFile file;
    file.device = text(keys.at("device"), "device");
    file.source = text(keys.at("source"), "source");
    const Keys codec = map(keys.at("codec_ns_per_value"), "codec_ns_per_value", {"encode", "decode"}, {});
    file.encode_ns_per_value = number(codec.at("encode"), "encode");
    file.decode_ns_per_value = number(codec.at("decode"), "decode");
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
      const Keys keys = map(value, "model " + model.name, {"microbatch", "seconds"}, {});
      model.microbatch = whole(keys.at("microbatch"), "microbatch");
      if (model.microbatch < 1) fail(keys.at("microbatch"), "microbatch must be at least 1");
      read_seconds(keys.at("seconds"), model);
      file.models.push_back(std::move(model));
    }
  }

  void read_seconds(const YAML::Node& node, ProfileFile::Model& model) const {
    if (node.IsSequence()) {
      const auto known = model_by_name(model.name);
      const std::size_t expected = known ? static_cast<std::size_t>(known->sub_layers()) : node.size();
      if (node.size() != expected || expected == 0 || expected % 4 != 0)
        fail(node, fmt::format("{} numbers for model {}, which has {} sub-layers", node.size(), model.name,
                               known ? std::to_string(expected) : "a multiple of 4"));
      for (const auto& item : node) model.seconds.push_back(number(item, "seconds"));
      return;
    }
    const std::array<std::string, 4> kinds{"attention", "attention_output", "mlp_up", "mlp_down"};
    const Keys keys = map(node, "seconds", {kinds.begin(), kinds.end()}, {"first"});
    for (std::size_t i = 0; i < kinds.size(); ++i)
      model.mean_seconds[i] = number(keys.at(kinds[i]), kinds[i]);
    model.first_seconds = keys.contains("first") ? number(keys.at("first"), "first") : model.mean_seconds[0];
  }

  std::string file_;
};

}  // namespace

std::vector<double> ProfileFile::Model::seconds_per_image(int blocks) const {
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
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Error{fmt::format("reading profile {}: cannot open the file", path), ExitCode::invalid_input};
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return Error{fmt::format("reading profile {}: read error", path), ExitCode::invalid_input};
  if (text.size() > kMaxFileBytes)
    return Error{fmt::format("reading profile {}: larger than {} bytes", path, kMaxFileBytes),
                 ExitCode::invalid_input};
  return parse_profile(text, path);
}

}  // namespace millrace
