#include "runtime/codec/klt_codec.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/codec/klt_rows.hpp"
#include "runtime/codec/little_endian.hpp"
#include "tests/codec/klt_fixture.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

const TensorSpec kResidual{TensorRole::residual, 65, 48}, kGelu{TensorRole::gelu, 65, 96};

struct Case {
  std::string name;
  TensorSpec spec;
  std::shared_ptr<const CutCalibration> calibration;  // may be null
};
std::vector<Case> cases() {
  static const std::vector<Case> kCases = [] {
    const auto calibration = shared_klt_calibration(7);
    return std::vector<Case>{{"residual", kResidual, calibration},
                             {"gelu", kGelu, calibration},
                             {"residual, fallback", kResidual, nullptr},
                             {"gelu, fallback", kGelu, nullptr}};
  }();
  return kCases;
}

Buffer encode(const Case& with, const Tensor& tensor, double bits) {
  return encoded({.name = "klt", .calibration = with.calibration}, tensor, bits, with.spec.role);
}
Result<std::vector<float>> decode(const Case& with, const Buffer& encoding, const TensorShape& shape) {
  const Buffer exact(encoding.begin(), encoding.end());  // so that the sanitizers see a read past its end
  std::vector<float> out(static_cast<std::size_t>(shape.values()), -12345.0F);
  const auto length = decode_tensor(exact, shape, out, with.calibration.get());
  if (!length) return length.error();
  return out;
}

// Root of the mean squared error, in units of each row's size.
double relative_error(const Tensor& tensor, const std::vector<float>& out) {
  const auto width = static_cast<std::size_t>(tensor.shape.width);
  double sum = 0;
  for (std::size_t row = 0; row < out.size(); row += width) {
    double square = 0, error = 0;
    for (std::size_t i = row; i < row + width; ++i) {
      square += double{tensor.values[i]} * tensor.values[i];
      error += std::pow(double{tensor.values[i]} - out[i], 2);
    }
    sum += error / square;
  }
  const std::size_t rows = out.size() / width;
  return std::sqrt(sum / static_cast<double>(rows));
}

TEST(Klt, MeetsItsBudgetWithinThreePercentAndNeverExceedsIt) {
  for (const auto& with : cases()) {
    const auto tensor = klt_tensor(with.spec, 500, 4);
    double last = 100;
    for (const double bits : {1.0, 1.5, 2.1, 3.1, 4.7, 6.0, 8.0}) {
      const auto encoding = encode(with, tensor, bits);
      const double spent =
          8.0 * static_cast<double>(encoding.size()) / static_cast<double>(tensor.values.size());
      EXPECT_LE(spent, bits) << with.name;
      // 32 of each image's 390 bytes and more are set aside; real images have 40,000 values, not 3000.
      const double reserve = 8.0 * 2 * 32 / static_cast<double>(with.spec.rows * with.spec.width);
      EXPECT_GE(spent, 0.97 * bits - reserve) << with.name;
      const auto out = decode(with, encoding, tensor.shape);
      ASSERT_TRUE(out.ok()) << out.error().message;
      const double error = relative_error(tensor, *out);
      EXPECT_LT(error, last) << with.name << " " << bits;
      last = error;
    }
    EXPECT_LT(last, 0.02) << with.name;
  }
}

TEST(Klt, RotationAndDistributionsPay) {
  const auto tensor = klt_tensor(kResidual, 500, 4);
  for (const double bits : {1.0, 2.0, 3.0}) {
    const double calibrated =
        relative_error(tensor, *decode(cases()[0], encode(cases()[0], tensor, bits), tensor.shape));
    const double fallback =
        relative_error(tensor, *decode(cases()[2], encode(cases()[2], tensor, bits), tensor.shape));
    const double uniform = relative_error(
        tensor,
        decoded(encoded({.name = "uniform", .scope = ScaleScope::token}, tensor, std::floor(bits) + 1),
                tensor.shape));
    EXPECT_LT(calibrated, 0.7 * fallback);
    EXPECT_LT(calibrated, uniform);  // uniform has two bits more, ranges included
  }
}

TEST(Klt, AnImageIsTheSameInAnyMicrobatch) {
  for (const auto& with : cases()) {
    const auto together = klt_tensor(with.spec, 500, 3);
    const auto out = *decode(with, encode(with, together, 2.3), together.shape);
    for (std::int64_t image = 0; image < 3; ++image) {
      const auto alone = klt_tensor(with.spec, 500 + image, 1);
      const auto own = *decode(with, encode(with, alone, 2.3), alone.shape);
      EXPECT_TRUE(
          std::equal(own.begin(), own.end(), out.begin() + image * static_cast<std::ptrdiff_t>(own.size())));
    }
  }
}

TEST(Klt, TheErrorOfARowIsBoundedByItsStep) {
  for (const auto& with : cases()) {
    auto tensor = klt_tensor(with.spec, 500, 1);
    tensor.values[5 * static_cast<std::size_t>(with.spec.width) + 7] = 600;  // nearly 600 standard deviations
    const auto encoding = encode(with, tensor, 3);
    const double step = std::exp2(load_le<std::int16_t>(encoding.data() + kHeaderBytes + 8) / 64.0);
    const auto out = *decode(with, encoding, tensor.shape);
    const auto width = static_cast<std::size_t>(with.spec.width);
    for (std::size_t row = 0; row < out.size(); row += width) {
      double square = 0, error = 0;
      for (std::size_t i = row; i < row + width; ++i) {
        square += double{tensor.values[i]} * tensor.values[i];
        error += std::pow(double{tensor.values[i]} - out[i], 2);
      }
      // d·sqrt(W)·s_r, where s_r is the row's size rounded to quarters of an octave.
      EXPECT_LE(std::sqrt(error), step * std::sqrt(square) * std::exp2(0.125) * 1.001) << with.name;
    }
  }
}

TEST(Klt, ZeroRowsAreExactAndCostNothing) {
  for (const auto& with : cases()) {
    Tensor tensor{{2, with.spec.rows, with.spec.width}, {}};
    tensor.values.resize(static_cast<std::size_t>(tensor.shape.values()));
    const auto encoding = encode(with, tensor, 3);
    EXPECT_LE(encoding.size(), tensor.values.size() / 8) << with.name;
    EXPECT_EQ(*decode(with, encoding, tensor.shape), tensor.values);
    tensor.values[3] = 1;
    const auto out = *decode(with, encode(with, tensor, 3), tensor.shape);
    EXPECT_NEAR(out[3], 1, 0.5);
    EXPECT_TRUE(std::all_of(out.begin() + with.spec.width, out.end(), [](float x) { return x == 0; }));
  }
}

// Values unlike those of the calibration: escapes everywhere.
TEST(Klt, TheWorstInputIsCodedAndBounded) {
  Random random(51, "worst");
  for (const auto& with : cases()) {
    for (int round = 0; round < 6; ++round) {
      Tensor tensor{{1, with.spec.rows, with.spec.width}, {}};
      for (std::int64_t i = 0; i < tensor.shape.values(); ++i)
        tensor.values.push_back(
            round < 2 ? static_cast<float>(random.below(2) == 0 ? 3e38 : -3e38)
                      : static_cast<float>(random.below(97) == 0 ? 600 * random.normal() : 1e-3));
      for (const double bits : {0.3, 3.0, 8.0}) {
        const auto encoding = encode(with, tensor, bits);
        EXPECT_LE(encoding.size(), 6 * tensor.values.size())
            << with.name;  // 12 bits of escape, 5 + 22 of digits
        const auto out = decode(with, encoding, tensor.shape);
        ASSERT_TRUE(out.ok()) << out.error().message;
        EXPECT_TRUE(std::ranges::all_of(*out, [](float x) { return std::isfinite(x); }));
      }
    }
  }
}

TEST(Klt, AnyFloatsTravel) {
  Random random(52, "any floats");
  for (const auto& with : cases())
    for (int round = 0; round < 10; ++round) {
      const auto tensor = any_floats({2, with.spec.rows, with.spec.width}, random);
      const auto out = decode(with, encode(with, tensor, 0.5 * round), tensor.shape);
      ASSERT_TRUE(out.ok()) << out.error().message;
      EXPECT_TRUE(std::ranges::all_of(*out, [](float x) { return std::isfinite(x); }));
    }
}

TEST(Klt, AnEncodingOfAnotherCalibrationIsRefusedByName) {
  const auto tensor = klt_tensor(kResidual, 500, 1);
  const Case own{"", kResidual, shared_klt_calibration(4)}, other = cases()[0], none = cases()[2];
  const auto encoding = encode(own, tensor, 3);
  ASSERT_TRUE(decode(own, encoding, tensor.shape).ok());
  EXPECT_THAT(decode(other, encoding, tensor.shape).error().message,
              HasSubstr(fmt::format("calibration {:016x}, here is {:016x}", own.calibration->id,
                                    other.calibration->id)));
  EXPECT_THAT(decode(none, encoding, tensor.shape).error().message, HasSubstr("there is none here"));
  // An encoding made without calibration needs none, and a calibration does no harm.
  EXPECT_TRUE(decode(own, encode(none, tensor, 3), tensor.shape).ok());
}

TEST(Klt, TensorsTheCalibrationDoesNotKnowFallBack) {
  const Case with = cases()[0];
  const Tensor tensor = klt_tensor({TensorRole::residual, 9, 33}, 0, 2);
  EXPECT_TRUE(decode(with, encode(with, tensor, 4), tensor.shape).ok());
}

TEST(Klt, BudgetsAreRealWithinTheirLimits) {
  const auto codec = make_codec("klt").value();
  EXPECT_EQ(codec->bit_width({2.37}), 2.37);
  EXPECT_EQ(codec->bit_width({0}), kKltLeastBits);
  EXPECT_EQ(codec->bit_width({32}), kKltMostBits);
  EXPECT_LE(codec->predicted_size({8, 197, 192}, TensorRole::residual, {2.1}).count(),
            8 * 197 * 192 * 2.1 / 8);
  EXPECT_GE(codec->predicted_size({8, 197, 192}, TensorRole::residual, {2.1}).count(),
            0.99 * 8 * 197 * 192 * 2.1 / 8);
}

TEST(Klt, MutationsAreRefusedOrDecodeToFiniteNumbers) {
  Random random(53, "mutations");
  int accepted = 0, refused = 0;
  for (const auto& with : cases()) {
    const auto tensor = klt_tensor(with.spec, 500, 1);
    const auto whole = encode(with, tensor, 1.2);
    for (std::size_t n = 0; n < whole.size(); n += 7)
      ASSERT_FALSE(
          decode(with, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}, tensor.shape).ok());
    for (int round = 0; round < 300; ++round) {
      auto mutated = whole;
      for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits)
        mutated[random.below(random.below(3) == 0 ? whole.size() : 60)] ^= std::byte{1} << random.below(8);
      const auto out = decode(with, mutated, tensor.shape);
      ++(out.ok() ? accepted : refused);
      if (out.ok()) {
        EXPECT_TRUE(std::ranges::all_of(*out, [](float x) { return std::isfinite(x); }));
      } else {
        EXPECT_THAT(out.error().message, HasSubstr("decoding a tensor"));
      }
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(KltRows, SizesAreQuartersOfAnOctave) {
  for (int scale = -481; scale <= 508; ++scale)
    EXPECT_NEAR(std::log2(double{row_size(scale)}), scale / 4.0, 1e-6);
}

}  // namespace
}  // namespace millrace
