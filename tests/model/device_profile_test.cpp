#include "runtime/model/device_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runtime/model/profile_file.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

std::string shipped(const std::string& name) {
  return std::string(MILLRACE_SOURCE_DIR) + "/scenarios/profiles/" + name + ".yaml";
}

ModelConfig model(std::string_view name) { return *model_by_name(name); }

DeviceCost shipped_cost(const std::string& device, std::string_view name) {
  return *read_profile(shipped(device), model(name));
}

double images_per_s(const std::string& device, const char* name) {
  return 8 / shipped_cost(device, name).compute({1, model(name).sub_layers()}, 8).seconds();
}

constexpr const char* kGood = R"(millrace_profile: 1
device: board
source: a test
codec_ns_per_value: {encode: 2, decode: 1.5}
models:
  vit-tiny:
    microbatch: 4
    seconds: {attention: 0.4, attention_output: 0.1, mlp_up: 0.3, mlp_down: 0.2, first: 0.6}
)";

// The error for the good profile with one passage replaced.
std::string error_with(const std::string& passage, const std::string& replacement) {
  std::string text = kGood;
  text.replace(text.find(passage), passage.size(), replacement);
  const auto result = parse_profile(text, "p.yaml");
  return result.ok() ? "no error" : result.error().message;
}

class TemporaryProfile {
 public:
  explicit TemporaryProfile(const std::string& text)
      : path_(testing::TempDir() + "millrace_profile_" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + ".yaml") {
    std::ofstream(path_) << text;
  }
  ~TemporaryProfile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Images per second on one device as the published profile gives them; the means are rounded to 3 digits.
TEST(DeviceProfile, ShippedProfilesGiveThePublishedThroughput) {
  EXPECT_NEAR(images_per_s("minnowboard-e3845", "vit-base"), 0.613, 0.001);
  EXPECT_NEAR(images_per_s("minnowboard-e3845", "vit-large"), 0.180, 0.001);
  EXPECT_NEAR(images_per_s("rcc-ve-c2558", "vit-base"), 0.770, 0.001);
  EXPECT_NEAR(images_per_s("rcc-ve-c2558", "vit-large"), 0.223, 0.001);
}

TEST(DeviceProfile, CostIsTheSumOfTheLayersLinearInImages) {
  const TemporaryProfile file(kGood);
  const DeviceCost cost = *read_profile(file.path(), model("vit-tiny"));
  EXPECT_EQ(cost.compute({1, 1}, 4), Duration::ms(600));
  EXPECT_EQ(cost.compute({1, 5}, 4), Duration::ms(600 + 100 + 300 + 200 + 400));
  EXPECT_EQ(cost.compute({2, 4}, 2), Duration::ms(300));
  EXPECT_EQ(cost.compute({2, 4}, 0), Duration());
  EXPECT_EQ(cost.encode(1000), Duration::us(2));
  EXPECT_EQ(cost.decode(1000), Duration::ns(1500));
  EXPECT_EQ(cost.device(), "board");
  EXPECT_EQ(cost.derived_from(), "");
}

TEST(DeviceProfile, ListOfSecondsIsTakenLayerByLayer) {
  std::string text = kGood, list;
  for (int i = 1; i <= 48; ++i) list += (i == 1 ? "" : ", ") + std::to_string(i);
  text.replace(text.find("{attention"), std::string::npos, "[" + list + "]\n");
  const TemporaryProfile file(text);
  const DeviceCost cost = *read_profile(file.path(), model("vit-tiny"));
  for (int layer = 1; layer <= 48; ++layer)
    EXPECT_EQ(cost.compute({layer, layer}, 4), Duration::s(layer)) << layer;
}

// The profile's own ViT-Large figures against those derived from its ViT-Base figures.
TEST(DeviceProfile, DerivedCostIsNearTheMeasuredOne) {
  for (const char* device : {"minnowboard-e3845", "rcc-ve-c2558"}) {
    std::ifstream in(shipped(device));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    text.resize(text.find("  vit-large:"));
    const TemporaryProfile base_only(text);
    const DeviceCost derived = *read_profile(base_only.path(), model("vit-large"));
    EXPECT_EQ(derived.derived_from(), "vit-base");
    const double ratio = derived.compute({1, 96}, 8).seconds() /
                         shipped_cost(device, "vit-large").compute({1, 96}, 8).seconds();
    RecordProperty(device, std::to_string(ratio));
    EXPECT_NEAR(ratio, 1, 0.06) << device;
  }
}

TEST(DeviceProfile, ModelOfOtherDimensionsIsDerived) {
  ModelConfig shallow = model("vit-base");
  shallow.blocks = 6;
  const DeviceCost cost = *read_profile(shipped("rcc-ve-c2558"), shallow);
  EXPECT_EQ(cost.derived_from(), "vit-base");
  const DeviceCost listed = shipped_cost("rcc-ve-c2558", "vit-base");
  // The listed mean of the last kind is for 12 layers and the head: 2·768·1000 of 11 G operations more.
  EXPECT_NEAR(cost.compute({2, 23}, 8).seconds() / listed.compute({2, 23}, 8).seconds(), 1, 1e-4);
}

TEST(DeviceProfile, TheSlowestDeviceStillHasACostThatTheClockHolds) {
  const auto config = model_by_name("vit-huge").value();
  const DeviceCost cost = DeviceCost::by_speed(config, 1e-6);
  EXPECT_EQ(cost.compute({1, config.sub_layers()}, 65536), Duration::s(3'000'000'000));
  EXPECT_EQ(cost.encode(std::int64_t{1} << 40), Duration::s(3'000'000'000));
}

constexpr const char* kSizes = R"(    measured:
      - {microbatch: 1, seconds: {attention: 0.2, attention_output: 0.1, mlp_up: 0.1, mlp_down: 0.1}}
      - {microbatch: 4, seconds: {attention: 0.5, attention_output: 0.1, mlp_up: 0.1, mlp_down: 0.1}}
      - {microbatch: 8, seconds: {attention: 1.3, attention_output: 0.1, mlp_up: 0.1, mlp_down: 0.1}}
)";

std::string with_sizes() {
  std::string text = kGood;
  return text.replace(text.find("    microbatch: 4"), std::string::npos, kSizes);
}

TEST(DeviceProfile, BetweenMicrobatchSizesCostIsOnTheLineAndBeyondThemProportional) {
  const TemporaryProfile file(with_sizes());
  const DeviceCost cost = *read_profile(file.path(), model("vit-tiny"));
  for (const auto& [images, expected] :
       {std::pair(1, 200), std::pair(2, 300), std::pair(4, 500), std::pair(6, 900), std::pair(8, 1300),
        std::pair(16, 2600), std::pair(0, 0)}) {
    EXPECT_EQ(cost.compute({5, 5}, images), Duration::ms(expected)) << images;
  }
  EXPECT_EQ(cost.compute({5, 6}, 6), Duration::ms(1000));
}

TEST(DeviceProfile, ACodecOfItsOwnIsChargedByName) {
  std::string text = kGood;
  text.replace(text.find("models:"), 7, "codecs_ns_per_value: {uniform: {encode: 7, decode: 3}}\nmodels:");
  const TemporaryProfile file(text);
  EXPECT_EQ(read_profile(file.path(), model("vit-tiny"), "uniform")->encode(100), Duration::ns(700));
  EXPECT_EQ(read_profile(file.path(), model("vit-tiny"), "uniform")->decode(100), Duration::ns(300));
  EXPECT_EQ(read_profile(file.path(), model("vit-tiny"), "fp16")->encode(100), Duration::ns(200));
}

TEST(DeviceProfile, FaultsOfSizesNameTheirLine) {
  const auto error = [](const std::string& passage, const std::string& replacement) {
    std::string text = with_sizes();
    text.replace(text.find(passage), passage.size(), replacement);
    const auto read = parse_profile(text, "p.yaml");
    return read ? std::string("no error") : read.error().message;
  };
  EXPECT_THAT(error("microbatch: 4", "microbatch: 1"), HasSubstr("p.yaml:9:22: microbatch sizes must rise"));
  EXPECT_THAT(error("    measured:", "    microbatch: 3\n    measured:"),
              HasSubstr("p.yaml:7:17: microbatch stands inside `measured`"));
  EXPECT_THAT(error("    measured:", "    weight_bytes: [1, 2]\n    measured:"),
              HasSubstr("p.yaml:7:19: 2 numbers for model vit-tiny, which has 48 sub-layers"));
  EXPECT_THAT(error_with("microbatch: 4\n", "derived_from: vit-base\n"),
              HasSubstr("model vit-tiny lacks the key \"microbatch\""));
}

TEST(DeviceProfile, WrittenProfilesReadBackTheSame) {
  ProfileFile file{
      .device = "a \"board\": no", .source = "8", .codec = {0.1, 1.0 / 3}, .codecs = {}, .models = {}};
  file.codecs["no"] = {1e-7, 2};
  auto& written = file.models.emplace_back();
  written.name = "vit-tiny";
  written.derived_from = "vit-base";
  written.weight_bytes.assign(48, 12345678);
  for (const int images : {1, 8}) {
    auto& size = written.measured.emplace_back();
    size.microbatch = images;
    for (int i = 0; i < 48; ++i) size.seconds.push_back(images * 1e-9 / (i + 3));
    size.working_bytes.assign(48, images * 4096.0);
  }
  written.measured.back().seconds.clear();
  written.measured.back().mean_seconds = {1, 2, 3, 4};
  const auto read = parse_profile(profile_text(file), "p.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(profile_text(*read), profile_text(file));
  EXPECT_EQ(read->device, file.device);
  EXPECT_EQ(read->codec.decode_ns_per_value, file.codec.decode_ns_per_value);
  EXPECT_EQ(read->codecs.at("no").encode_ns_per_value, 1e-7);
  ASSERT_EQ(read->models.size(), 1U);
  EXPECT_EQ(read->models[0].derived_from, "vit-base");
  EXPECT_EQ(read->models[0].measured[0].seconds, file.models[0].measured[0].seconds);
  EXPECT_EQ(read->models[0].measured[1].mean_seconds[3], 4);
  EXPECT_EQ(read->models[0].measured[1].working_bytes, file.models[0].measured[1].working_bytes);
  EXPECT_EQ(read->models[0].weight_bytes, file.models[0].weight_bytes);
}

// Entries marked as derived in the shipped profiles equal the reader's own derivation, to the digits written.
TEST(DeviceProfile, ShippedDerivedEntriesAreTheDerivation) {
  for (const char* device : {"minnowboard-e3845", "rcc-ve-c2558"}) {
    const ProfileFile file = *read_profile_file(shipped(device));
    int derived = 0;
    for (const auto& entry : file.models) {
      const auto config = model_by_name(entry.name);
      if (entry.derived_from.empty() || !config) continue;
      ++derived;
      const ModelConfig from = *model_by_name(entry.derived_from);
      const auto listed = std::find_if(file.models.begin(), file.models.end(),
                                       [&](const auto& other) { return other.name == entry.derived_from; });
      ASSERT_NE(listed, file.models.end());
      const auto expected = derive_seconds(from, listed->measured[0].seconds_per_image(from.blocks), *config);
      const auto actual = entry.measured[0].seconds_per_image(config->blocks);
      ASSERT_EQ(actual.size(), expected.size());
      // 4 digits; the mean of the last kind hides the head: at most 0.4 % of one sub-layer.
      for (std::size_t i = 0; i < actual.size(); ++i)
        EXPECT_NEAR(actual[i] / expected[i], 1, 0.004) << device << " " << entry.name << " " << i + 1;
      EXPECT_EQ(shipped_cost(device, entry.name).derived_from(), entry.derived_from);
    }
    EXPECT_GE(derived, 1);
  }
}

TEST(DeviceProfile, SpeedGivesOperationsOverSpeed) {
  const ModelConfig config = model("vit-base");
  const DeviceCost cost = DeviceCost::by_speed(config, 8e9);
  EXPECT_EQ(cost.compute({1, 48}, 2), Duration::from_seconds(2 * flops_per_image(config, {1, 48}) / 8e9));
  EXPECT_EQ(cost.encode(800), Duration::us(1));
  EXPECT_EQ(cost.decode(800), Duration::us(1));
}

TEST(DeviceProfile, FaultsNameFileAndLine) {
  EXPECT_THAT(error_with("millrace_profile: 1", "millrace_profile: 2"),
              HasSubstr("p.yaml:1:19: this program reads version 1"));
  EXPECT_THAT(error_with("device: board\n", ""),
              HasSubstr("p.yaml:1:1: the profile lacks the key \"device\""));
  EXPECT_THAT(error_with("device: board", "colour: board"),
              HasSubstr("p.yaml:2:1: the profile has no key \"colour\""));
  EXPECT_THAT(error_with("source: a test", "device: again"),
              HasSubstr("p.yaml:3:1: duplicate key \"device\""));
  EXPECT_THAT(error_with("encode: 2", "encode: -2"),
              HasSubstr("p.yaml:4:30: encode must be >= 0 and finite, got \"-2\""));
  EXPECT_THAT(error_with("encode: 2", "encode: .inf"), HasSubstr("p.yaml:4:30: encode must be a number"));
  EXPECT_THAT(error_with("encode: 2", "encode: inf"),
              HasSubstr("p.yaml:4:30: encode must be >= 0 and finite"));
  EXPECT_THAT(error_with("encode: 2", "encode: 2 ns"), HasSubstr("encode must be a number, got \"2 ns\""));
  EXPECT_THAT(error_with("microbatch: 4", "microbatch: 0"),
              HasSubstr("p.yaml:7:17: microbatch must be at least 1"));
  EXPECT_THAT(error_with("microbatch: 4", "microbatch: 1.5"),
              HasSubstr("p.yaml:7:17: microbatch must be a whole number"));
  EXPECT_THAT(error_with("mlp_up: 0.3", "mlp_up: 0.3, mlp_up: 0.3"),
              HasSubstr("p.yaml:8:67: duplicate key \"mlp_up\""));
  EXPECT_THAT(error_with("mlp_down: 0.2, ", ""),
              HasSubstr("p.yaml:8:14: seconds lacks the key \"mlp_down\""));
  EXPECT_THAT(error_with("mlp_down: 0.2", "mlp_down: [0.2]"),
              HasSubstr("p.yaml:8:77: mlp_down must be a number, got a list"));
  EXPECT_THAT(
      error_with("{attention: 0.4, attention_output: 0.1, mlp_up: 0.3, mlp_down: 0.2, first: 0.6}", "[1, 2]"),
      HasSubstr("p.yaml:8:14: 2 numbers for model vit-tiny, which has 48 sub-layers"));
  EXPECT_THAT(error_with("encode: 2,", "encode: 2"), HasSubstr("p.yaml:4:38: "));
}

TEST(DeviceProfile, MissingFileAndEmptyFileAreErrors) {
  EXPECT_THAT(read_profile("/nonexistent/p.yaml", model("vit-base")).error().message,
              HasSubstr("cannot be read: No such file or directory"));
  EXPECT_THAT(parse_profile("", "p.yaml").error().message, HasSubstr("p.yaml:1:1: the file is empty"));
}

}  // namespace
}  // namespace millrace
