#include "runtime/weights/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& file) {
  const auto index = parse_safetensors(bytes_of(file));
  return index.ok() ? "no error" : index.error().message;
}

// One tensor's entry as written, over 8 bytes of data.
std::string error_of_entry(const std::string& entry) {
  return error_of(container("{\"w\": " + entry + "}", "12345678"));
}

std::string good_file() {
  SafetensorsWriter writer;
  writer.add("a", "F32", {2, 3}, std::string(24, 'a'));
  writer.add("b", "BF16", {4}, std::string(8, 'b'));
  writer.add("empty", "F16", {0, 7}, "");
  writer.add("scalar", "I64", {}, std::string(8, 's'));
  writer.add("truth", "BOOL", {1}, "t");
  return writer.file();
}

TEST(Safetensors, ReadsWhatWasWritten) {
  const std::string file = good_file();
  const auto index = parse_safetensors(bytes_of(file));
  ASSERT_TRUE(index.ok()) << index.error().message;
  ASSERT_EQ(index->size(), 5U);
  const StoredTensor& a = index->at("a");
  EXPECT_EQ(a.type, WeightType::f32);
  EXPECT_THAT(a.shape, ElementsAre(2, 3));
  EXPECT_EQ(file.substr(a.offset, a.bytes), std::string(24, 'a'));
  const StoredTensor& b = index->at("b");
  EXPECT_EQ(b.type, WeightType::bf16);
  EXPECT_EQ(file.substr(b.offset, b.bytes), std::string(8, 'b'));
  EXPECT_EQ(index->at("empty").bytes, 0U);
  EXPECT_EQ(index->at("scalar").type, WeightType::i64);
  EXPECT_EQ(index->at("truth").type, WeightType::other);
}

TEST(Safetensors, MetadataIsLetPass) {
  const std::string entry = R"("w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})";
  EXPECT_EQ(error_of(container(R"({"__metadata__": {"format": "pt"}, )" + entry + "}", "12345678")),
            "no error");
  EXPECT_THAT(error_of(container(R"({"__metadata__": {"format": 1}, )" + entry + "}", "12345678")),
              HasSubstr("__metadata__ must map strings"));
}

TEST(Safetensors, BrokenContainersAreErrors) {
  EXPECT_THAT(error_of(""), HasSubstr("too few"));
  EXPECT_THAT(error_of("1234567"), HasSubstr("too few"));
  EXPECT_THAT(error_of(std::string(8, '\xff')), HasSubstr("not believed"));
  EXPECT_THAT(error_of(good_file().substr(0, 100)), HasSubstr("truncated"));
  EXPECT_THAT(error_of(container("[]", "")), HasSubstr("does not start with '{'"));
  EXPECT_THAT(error_of(container("", "")), HasSubstr("does not start with '{'"));
  EXPECT_THAT(error_of(container("{\"w\": ", "")), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(container("{} {}", "")), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(container("{\"\xff\": 1}", "")), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(container("{\"w\": [[[[[[1]]]]]]}", "")), HasSubstr("nested too deeply"));
  EXPECT_THAT(error_of(container("{\"w\": " + std::string(100'000, '['), "")),
              HasSubstr("nested too deeply"));
  EXPECT_EQ(error_of(container("{}", "")), "no error");
}

TEST(Safetensors, BrokenEntriesAreErrors) {
  EXPECT_EQ(error_of_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})"), "no error");
  EXPECT_THAT(error_of_entry("1"), HasSubstr("tensor \"w\": its entry must be an object"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2]})"),
              HasSubstr("must have dtype, shape and data_offsets"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "x": 1})"),
              HasSubstr("unknown key \"x\""));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "dtype": "F32", "shape": [2], "data_offsets": [0, 8]})"),
              HasSubstr("key \"dtype\" appears twice"));
  EXPECT_THAT(error_of_entry(R"({"dtype": 7, "shape": [2], "data_offsets": [0, 8]})"),
              HasSubstr("must be a string"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F31", "shape": [2], "data_offsets": [0, 8]})"),
              HasSubstr("\"F31\" is unknown"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})"),
              HasSubstr("whole numbers"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]})"),
              HasSubstr("whole numbers"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,2], "data_offsets": [0, 8]})"),
              HasSubstr("at most 8 sizes"));
  EXPECT_THAT(
      error_of_entry(R"({"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]})"),
      HasSubstr("too large"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [18446744073709551615], "data_offsets": [0, 8]})"),
              HasSubstr("too large"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})"),
              HasSubstr("need 12"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 12]})"),
              HasSubstr("outside the 8 bytes"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})"),
              HasSubstr("outside"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]})"),
              HasSubstr("two whole numbers"));
  EXPECT_THAT(error_of_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]})"),
              HasSubstr("two whole numbers"));
}

TEST(Safetensors, EveryByteBelongsToOneTensor) {
  const auto two = [](const char* first, const char* second) {
    return error_of(container(std::string(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": )") +
                                  first + R"(}, "b": {"dtype": "F32", "shape": [1], "data_offsets": )" +
                                  second + "}}",
                              std::string(12, 'd')));
  };
  EXPECT_THAT(two("[0, 4]", "[8, 12]"), HasSubstr("tensor \"b\" leaves a hole before it"));
  EXPECT_THAT(two("[0, 4]", "[2, 6]"), HasSubstr("tensor \"b\" overlaps another"));
  EXPECT_THAT(two("[0, 4]", "[0, 4]"), HasSubstr("overlaps another"));
  EXPECT_THAT(two("[4, 8]", "[0, 4]"), HasSubstr("4 bytes at the end belong to no tensor"));
  EXPECT_THAT(error_of(container(R"({"a": {"dtype": "U8", "shape": [6], "data_offsets": [0, 6]},
                                     "a": {"dtype": "U8", "shape": [6], "data_offsets": [6, 12]}})",
                                 std::string(12, 'd'))),
              HasSubstr("key \"a\" appears twice"));
}

TEST(Safetensors, HostileNamesAreShownHarmless) {
  const std::string entry = R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})";
  const std::string message =
      error_of(container(R"({"\u001b[31m)" + std::string(500, 'x') + "\": " + entry + "}", "12345678"));
  EXPECT_LT(message.size(), 250U);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(Safetensors, HalfPrecisionWidensExactly) {
  const std::vector<std::uint16_t> halves{0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff,
                                          0x0001, 0x83ff, 0x0400, 0x7c00, 0x3555};
  std::vector<float> out(halves.size());
  widen_to_float(WeightType::f16, std::as_bytes(std::span(halves)), out);
  EXPECT_THAT(out, ElementsAre(0.0F, -0.0F, 1.0F, -2.0F, 65504.0F, 0x1p-24F, -1023 * 0x1p-24F, 0x1p-14F,
                               INFINITY, 0x1.554p-2F));
  EXPECT_TRUE(std::signbit(out[1]));
  const std::vector<std::uint16_t> brains{0x3f80, 0xc040, 0x7f80, 0x0001};
  out.resize(brains.size());
  widen_to_float(WeightType::bf16, std::as_bytes(std::span(brains)), out);
  EXPECT_THAT(out, ElementsAre(1.0F, -3.0F, INFINITY, std::bit_cast<float>(0x00010000U)));
}

TEST(Safetensors, IntegersKeepTheirSign) {
  const std::vector<std::int64_t> longs{0, -1, INT64_MIN, 30521};
  std::vector<std::int64_t> out(longs.size());
  widen_to_integer(WeightType::i64, std::as_bytes(std::span(longs)), out);
  EXPECT_EQ(out, longs);
  const std::vector<std::int32_t> ints{-7, INT32_MAX, INT32_MIN, 0};
  widen_to_integer(WeightType::i32, std::as_bytes(std::span(ints)), out);
  EXPECT_THAT(out, ElementsAre(-7, INT32_MAX, INT32_MIN, 0));
}

// For any bytes, an accepted index stays within the file.
void expect_sound(const std::string& file) {
  const auto index = parse_safetensors(bytes_of(file));
  if (!index) {
    EXPECT_FALSE(index.error().message.empty());
    return;
  }
  for (const auto& [name, tensor] : *index) {
    ASSERT_LE(tensor.offset, file.size());
    ASSERT_LE(tensor.bytes, file.size() - tensor.offset);
  }
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string file = good_file();
  for (std::size_t length = 0; length < file.size(); ++length)
    EXPECT_NE(error_of(file.substr(0, length)), "no error") << length;
}

TEST(Safetensors, MutationsNeverEscapeTheFile) {
  const std::string good = good_file();
  const std::uint64_t seed = 11;
  RecordProperty("seed", std::to_string(seed));
  Random random(seed, "mutations");
  for (int i = 0; i < 20'000; ++i) {
    std::string file = good;
    for (std::uint64_t n = 1 + random.below(4); n > 0 && !file.empty(); --n) {
      const std::size_t at = random.below(file.size());
      switch (random.below(4)) {
        case 0:
          file[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          file[at] = "0123456789{}[]\",:"[random.below(17)];
          break;
        case 2:
          file.erase(at, 1 + random.below(20));
          break;
        default:
          file.insert(at, file.substr(random.below(file.size()), random.below(20)));
          break;
      }
    }
    expect_sound(file);
  }
}

}  // namespace
}  // namespace millrace
