#include "runtime/stage/blas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <string>

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

// Otherwise every forward pass would take 4 times as long, without a message.
TEST(Blas, KernelsFitTheProcessor) {
#if defined(__x86_64__)
  if (!prepare_blas().is_openblas || !__builtin_cpu_supports("avx2"))
    GTEST_SKIP() << "no choice of kernels here";
  for (const char* old : {"Prescott", "Core2", "Nehalem", "Sandybridge"})
    EXPECT_THAT(prepare_blas().name, testing::Not(HasSubstr(old)));
#endif
}

// OpenBLAS would retry for ever. The test needs a process of its own because the limit stays.
TEST(BlasCallDeathTest, WithoutRoomForItsBufferIsAnException) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto in_a_small_world = [] {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    statm >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(::getpagesize()) + (64U << 20);
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) std::exit(2);
    try {
      const BlasCall call;
    } catch (const std::bad_alloc&) {
      std::exit(0);
    }
    std::exit(1);
  };
  EXPECT_EXIT(in_a_small_world(), testing::ExitedWithCode(0), "");
  EXPECT_NO_THROW(BlasCall());  // without a limit
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

// Run by the next test in a process of its own.
TEST(Blas, DISABLED_Report) {
  std::cout << (prepare_blas().is_openblas ? "is OpenBLAS: " : "is not OpenBLAS: ") << prepare_blas().library
            << "\n";
}

TEST(Blas, ReferenceBlasIsRecognised) {
  const std::string reference = "/usr/lib/x86_64-linux-gnu/blas";  // Debian's libblas3
  if (!std::filesystem::exists(reference + "/libblas.so.3")) GTEST_SKIP() << "no reference BLAS installed";
  const std::string command = "LD_LIBRARY_PATH=" + reference + " " +
                              std::filesystem::canonical("/proc/self/exe").string() +
                              " --gtest_filter=Blas.DISABLED_Report --gtest_also_run_disabled_tests";
  FILE* child = ::popen(command.c_str(), "r");
  ASSERT_NE(child, nullptr);
  std::string said;
  for (int c = std::fgetc(child); c != EOF; c = std::fgetc(child)) said += static_cast<char>(c);
  EXPECT_EQ(::pclose(child), 0);
  EXPECT_THAT(said, HasSubstr("is not OpenBLAS: " + reference + "/libblas.so.3"));
}

}  // namespace
}  // namespace millrace
