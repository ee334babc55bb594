#include "runtime/codec/klt_calibration.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "runtime/codec/klt_coder.hpp"
#include "runtime/codec/little_endian.hpp"
#include "tests/codec/klt_fixture.hpp"

namespace millrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Buffer& file() {
  static const Buffer kFile = serialize(klt_calibration(7));
  return kFile;
}

// Copies into a heap block of exactly that size, so that the sanitizers see a read past its end.
std::string refusal(const Buffer& bytes) {
  const Buffer exact(bytes.begin(), bytes.end());
  const auto parsed = parse_calibration(exact);
  return parsed.ok() ? "accepted" : parsed.error().message;
}

template <class Number>
Buffer with(std::size_t offset, Number value) {
  Buffer bytes = file();
  store_le(&bytes.at(offset), value);
  return bytes;
}

TEST(KltCalibration, SurvivesItsFile) {
  const auto parsed = parse_calibration(file()).value();
  EXPECT_EQ(serialize(parsed), file());
  EXPECT_EQ(parsed.model, klt_model());
  EXPECT_EQ(parsed.cut, 7);
  EXPECT_EQ(parsed.images, 30U);
  EXPECT_EQ(parsed.sha256.substr(0, 16), fmt::format("{:016x}", parsed.id));
  ASSERT_EQ(parsed.tensors.size(), 2U);
  EXPECT_EQ(parsed.tensor(TensorRole::gelu, 65, 96), &parsed.tensors[0]);
  EXPECT_EQ(parsed.tensor(TensorRole::residual, 65, 48), &parsed.tensors[1]);
  EXPECT_EQ(parsed.tensor(TensorRole::residual, 65, 96), nullptr);
}

TEST(KltCalibration, RotatesWhatIsNotGeluOntoUncorrelatedComponents) {
  const auto calibration = klt_calibration(4, 60);
  const TensorCalibration& tensor = calibration.tensors[0];
  ASSERT_EQ(tensor.block, 48);
  EXPECT_EQ(parse_calibration(file())->tensors[0].block, 0);  // GELU's
  // Images that were not used for calibration.
  const auto other = klt_tensor({TensorRole::residual, 65, 48}, 1000, 40);
  const UnitRows unit = unit_rows(other.values, 48);
  std::vector<float> components(unit.values.size());
  simd::multiply(unit.values, tensor.forward, components);
  std::vector<double> products(48 * 48);
  for (std::size_t row = 0; row < unit.scales.size(); ++row)
    for (std::size_t i = 0; i < 48; ++i)
      for (std::size_t j = 0; j < 48; ++j) {
        const auto value = [&](std::size_t k) {
          return components[row * 48 + k] - tensor.means[row % 65 * 48 + k];
        };
        products[i * 48 + j] += value(i) * value(j) / static_cast<double>(unit.scales.size());
      }
  for (std::size_t i = 0; i < 48; ++i)
    for (std::size_t j = 0; j < i; ++j)  // 2600 rows: some 0.02 by chance
      EXPECT_LT(std::abs(products[i * 48 + j]),
                0.15 * std::sqrt(products[i * 48 + i] * products[j * 48 + j]));
  EXPECT_GT(products[0], 20 * products[20 * 48 + 20]);
}

TEST(KltCalibration, OneImageIsEnoughNotToFail) {
  for (const int cut : {1, 2, 3, 4}) EXPECT_EQ(klt_calibration(cut, 1).images, 1U);
}

TEST(KltCalibration, ImagesOfNothingButZeroesAreCalibratedOnToo) {
  TensorFit fit({TensorRole::residual, 65, 48}, 1);
  fit.add(std::vector<float>(65 * 48));
  const auto tensor = fit.finish();
  EXPECT_TRUE(std::ranges::all_of(tensor.distributions, is_valid));
  EXPECT_EQ(tensor.scales, std::vector<std::int16_t>(65, kZeroScale));
}

Buffer bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(KltCalibration, AFileOfAnotherFormatIsNamedWithWhatToDo) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4711\n";
  EXPECT_THAT(refusal(bytes_of(pointer)), AllOf(HasSubstr("Git LFS pointer"), HasSubstr("4711 bytes"),
                                                HasSubstr("git lfs pull"), Not(HasSubstr("MRKLT"))));
  EXPECT_THAT(refusal(bytes_of("\x1f\x8b and more")), HasSubstr("compressed with gzip; unpack it first"));
  EXPECT_THAT(refusal(bytes_of("PK\x03\x04 archive/data.pkl")),
              AllOf(HasSubstr("it is a PyTorch checkpoint"), HasSubstr("millrace-node calibrate"),
                    Not(HasSubstr("convert"))));
  EXPECT_THAT(refusal(bytes_of("MRK")), HasSubstr("does not start with"));
  EXPECT_THAT(refusal({}), HasSubstr("does not start with"));
}

TEST(KltCalibration, EveryFieldOfTheFileIsChecked) {
  EXPECT_THAT(refusal(with(0, 'X')), HasSubstr("MRKLT"));
  EXPECT_THAT(refusal(with(6, std::uint16_t{2})), HasSubstr("version 2"));
  EXPECT_THAT(refusal(with(8, 6U)), HasSubstr("1 cross cut 6"));
  EXPECT_THAT(refusal(with(8, 3U)), HasSubstr("accepted"));  // cut 3 has the same tensors
  EXPECT_THAT(refusal(with(8, 900U)), HasSubstr("cut 900"));
  EXPECT_THAT(refusal(with(16, 0xffffffffU)), HasSubstr("a name of"));
  EXPECT_THAT(refusal(with(20, 5U)), HasSubstr("5 tensors"));
  EXPECT_THAT(refusal(with(24, '\n')), HasSubstr("ASCII"));
  EXPECT_THAT(refusal(with(29, -1)), HasSubstr("blocks"));
  EXPECT_THAT(refusal(with(29 + 32, 'x')), HasSubstr("hexadecimal"));
  const std::size_t tensor = 29 + 32 + 64;
  EXPECT_THAT(refusal(with(tensor, std::uint8_t{9})), HasSubstr("role 9"));
  EXPECT_THAT(refusal(with(tensor + 1, std::uint8_t{0})), HasSubstr("0 distributions"));
  EXPECT_THAT(refusal(with(tensor + 1, std::uint8_t{65})), HasSubstr("65 distributions"));
  EXPECT_THAT(refusal(with(tensor + 2, std::uint16_t{7})), HasSubstr("divide"));
  EXPECT_THAT(refusal(with(tensor + 4, 0xffffffU)), HasSubstr("beyond the limits"));
  EXPECT_THAT(refusal(with(tensor + 4, 0U)), HasSubstr("beyond the limits"));
  EXPECT_THAT(refusal(with(8, 5U)), HasSubstr("not the one that crosses"));
  Buffer longer = file();
  longer.push_back({});
  EXPECT_THAT(refusal(longer), HasSubstr("1 bytes behind"));
}

TEST(KltCalibration, ARotationThatIsNoneIsRefused) {
  auto calibration = klt_calibration(4);
  calibration.tensors[0].rotation[100] += 0.01F;
  EXPECT_THAT(refusal(serialize(calibration)), HasSubstr("orthonormal"));
  calibration.tensors[0].rotation[100] = kNan;
  EXPECT_THAT(refusal(serialize(calibration)), HasSubstr("orthonormal"));
}

TEST(KltCalibration, EveryTruncationAndManyMutationsAreRefusedOrHarmless) {
  const Buffer whole = serialize(klt_calibration(4));
  for (std::size_t n = 0; n < whole.size(); n += n < 400 ? 1 : 97)
    ASSERT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}), "accepted") << n;
  Random random(50, "mutations");
  for (int round = 0; round < 300; ++round) {
    Buffer bytes = whole;
    for (int i = 0; i < 3; ++i)
      bytes[random.below(random.below(2) == 0 ? 150 : bytes.size())] =
          static_cast<std::byte>(random.below(256));
    const auto parsed = parse_calibration(bytes);
    if (!parsed) continue;
    for (const auto& tensor : parsed->tensors) {
      EXPECT_TRUE(std::ranges::all_of(tensor.distributions, is_valid));
      EXPECT_TRUE(
          std::ranges::all_of(tensor.groups, [&](auto g) { return g < tensor.distributions.size(); }));
    }
  }
}

TEST(KltCalibration, IsFoundByItsCutAndRefusedForAnotherModel) {
  const auto folder = std::filesystem::temp_directory_path() / "millrace-klt-calibration-test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / calibration_file_name(7), std::ios::binary)
      .write(reinterpret_cast<const char*>(file().data()), static_cast<std::streamsize>(file().size()));
  const auto found = find_calibration(folder.string(), klt_model(), 7);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(serialize(**found), file());
  EXPECT_EQ(find_calibration(folder.string(), klt_model(), 8).value(), nullptr);
  auto other = klt_model();
  other.heads = 4;
  EXPECT_THAT(find_calibration(folder.string(), other, 7).error().message, HasSubstr("other dimensions"));
  other.name = "else";
  EXPECT_THAT(find_calibration(folder.string(), other, 7).error().message,
              HasSubstr("model small, this one is else"));
  std::filesystem::rename(folder / calibration_file_name(7), folder / calibration_file_name(3));
  EXPECT_THAT(find_calibration(folder.string(), klt_model(), 3).error().message, HasSubstr("cut 7, not 3"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace millrace
