// The klt codec's loops against their scalar definitions, on every instruction set of this machine.
#include "runtime/codec/klt_kernels.hpp"

#include <gtest/gtest.h>

#include <hwy/targets.h>
#include <cmath>

#include "runtime/base/random.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/codec/eigen.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

void for_each_instruction_set(const auto& check) {
  const std::int64_t all = hwy::SupportedTargets();
  for (std::int64_t rest = all; rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(rest & -rest));
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

std::vector<float> normals(std::size_t n, Random& random) {
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

TEST(KltKernels, ProductsAreThoseOfTheDefinition) {
  Random random(44, "products");
  for (const std::size_t block : {1UL, 5UL, 48UL, 64UL, 192UL}) {
    const std::size_t width = 2 * block, rows = 7;
    const auto blocks = normals(width * block, random), in = normals(rows * width, random);
    for (const bool transposed : {false, true}) {
      const BlockMatrix matrix(blocks, block, transposed);
      ASSERT_EQ(matrix.width(), width);
      std::vector<float> expected(in.size()), got(in.size());
      scalar::multiply(in, matrix, expected);
      for_each_instruction_set([&] {
        simd::multiply(in, matrix, got);
        for (std::size_t i = 0; i < in.size(); ++i)
          ASSERT_NEAR(got[i], expected[i], 1e-5 * std::sqrt(block) * 4) << block;
      });
    }
  }
}

TEST(KltKernels, ARowsProductIsTheSameAmongAnyOthers) {
  Random random(45, "rows");
  const auto blocks = normals(192 * 192, random), in = normals(9 * 192, random);
  const BlockMatrix matrix(blocks, 192, true);
  for_each_instruction_set([&] {
    std::vector<float> together(in.size()), alone(192);
    simd::multiply(in, matrix, together);
    for (std::size_t row = 0; row < 9; ++row) {
      simd::multiply(std::span(in).subspan(row * 192, 192), matrix, alone);
      EXPECT_TRUE(
          std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(row * 192)));
    }
  });
}

TEST(KltKernels, SymbolsAndCostsAreEqualToTheBit) {
  Random random(46, "symbols");
  for (int round = 0; round < 200; ++round) {
    const std::size_t width = 1 + random.below(100);
    SymbolColumns columns;
    columns.width = width;
    std::vector<std::int32_t> costs(3 * 64);
    for (auto& cost : costs) cost = static_cast<std::int32_t>(random.below(10'000));
    for (std::size_t i = 0; i < width + kColumnPadding; ++i) {
      columns.first.push_back(static_cast<std::int32_t>(random.below(64)) - 32);
      columns.count.push_back(static_cast<std::int32_t>(1 + random.below(62)));
      columns.raw_bits.push_back(static_cast<std::int32_t>(random.below(4) == 0 ? random.below(24) : 0));
      columns.costs_at.push_back(static_cast<std::int32_t>(64 * random.below(3)));
    }
    const TensorShape shape{1, 1, static_cast<std::int64_t>(width)};
    const auto values = round % 2 == 0 ? activation(shape, random).values : any_floats(shape, random).values;
    const float per_step = std::exp2(static_cast<float>(random.below(14)) - 4);
    std::vector<std::uint8_t> expected(width), got(width);
    const auto cost = scalar::symbols_of(values, per_step, columns, costs, expected);
    for_each_instruction_set([&] {
      EXPECT_EQ(simd::symbols_of(values, per_step, columns, costs, got), cost);
      EXPECT_EQ(got, expected);
    });
  }
}

TEST(Eigenvectors, AreOrthonormalAndDiagonaliseTheirMatrix) {
  Random random(47, "eigenvectors");
  constexpr std::size_t n = 40;
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = random.normal();
  const auto found = eigenvectors(a, n);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_GE(found.values[i == 0 ? 0 : i - 1], found.values[i]);
    for (std::size_t j = 0; j < n; ++j) {
      double dot = 0, form = 0;
      for (std::size_t k = 0; k < n; ++k) {
        dot += found.vectors[i * n + k] * found.vectors[j * n + k];
        for (std::size_t l = 0; l < n; ++l)
          form += found.vectors[i * n + k] * a[k * n + l] * found.vectors[j * n + l];
      }
      EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-12);
      EXPECT_NEAR(form, i == j ? found.values[i] : 0, 1e-11);
    }
  }
}

TEST(Eigenvectors, HaveTheSameBitsOnEveryMachine) {
  Random random(53, "eigenvectors");
  constexpr std::size_t n = 64;
  std::vector<double> factor(n * n), a(n * n);  // whole numbers, so that the matrix is exact everywhere
  for (double& f : factor) f = static_cast<double>(random.below(2001)) - 1000;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < n; ++k) a[i * n + j] += factor[i * n + k] * factor[j * n + k];
  const auto found = eigenvectors(a, n);
  Sha256 hash;
  hash.update(std::as_bytes(std::span(found.values)));
  hash.update(std::as_bytes(std::span(found.vectors)));
  EXPECT_EQ(hash.hex(), "715b9327cafd1f85b4cc3c73543974aaac43ac6956b1a69a3fe71d9c4f4ae02f");
}

}  // namespace
}  // namespace millrace
