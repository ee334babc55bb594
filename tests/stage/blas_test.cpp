#include "runtime/stage/blas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(Blas, OneIsFoundAndStaysTheSame) {
  const Blas& blas = prepare_blas();
  EXPECT_THAT(blas.library, HasSubstr("blas"));
  EXPECT_FALSE(blas.name.empty());
  EXPECT_EQ(&prepare_blas(), &blas);
  if (blas.is_openblas) {
    EXPECT_THAT(blas.name, testing::AllOf(HasSubstr("OpenBLAS"), HasSubstr("kernels")));
  }
}

// Else every forward takes 4 times as long, and nobody is told.
TEST(Blas, KernelsFitTheProcessor) {
#if defined(__x86_64__)
  if (!prepare_blas().is_openblas || !__builtin_cpu_supports("avx2"))
    GTEST_SKIP() << "no choice of kernels here";
  for (const char* old : {"Prescott", "Core2", "Nehalem", "Sandybridge"})
    EXPECT_THAT(prepare_blas().name, testing::Not(HasSubstr(old)));
#endif
}

TEST(Blas, OnlyKernelsOlderThanTheProcessorAreReplaced) {
  EXPECT_EQ(better_core("Prescott", true, true), "SKYLAKEX");
  EXPECT_EQ(better_core("Prescott", true, false), "HASWELL");
  EXPECT_EQ(better_core("Nehalem", false, false), "");
  EXPECT_EQ(better_core("SkylakeX", true, true), "");
  EXPECT_EQ(better_core("Zen", true, true), "");
  EXPECT_EQ(better_core("armv8", false, false), "");
}

TEST(Blas, OnlyTheSlowOneIsWarnedOf) {
  EXPECT_EQ(blas_warning({"/usr/lib/libblas.so", "OpenBLAS 0.3.21", true}), "");
  EXPECT_THAT(blas_warning({"/usr/lib/libblas.so", "/usr/lib/libblas.so", false}),
              HasSubstr("apt-get install libopenblas0-pthread"));
}

}  // namespace
}  // namespace millrace
