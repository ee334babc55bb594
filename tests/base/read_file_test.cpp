#include "runtime/base/read_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace millrace {
namespace {

class ReadFile : public testing::Test {
 protected:
  ~ReadFile() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  const std::string path_ = testing::TempDir() + "read-file-" + std::to_string(getpid());
};

TEST_F(ReadFile, IsReadWholeUpToTheLimit) {
  for (const std::size_t size : {0, 1, 65'535, 65'536, 65'537, 131'072, 1'000'000}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i % 251);
    write(text);
    EXPECT_EQ(read_file(path_, 1'000'000).value(), text);
    EXPECT_EQ(read_file(path_, size).value(), text);
    if (size == 0) continue;
    const auto more = read_file(path_, size - 1);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().message, "larger than " + std::to_string(size - 1) + " bytes");
    EXPECT_EQ(more.error().code, ExitCode::invalid_input);
  }
}

TEST_F(ReadFile, WhatCannotBeReadIsSaid) {
  const auto absent = read_file(path_, 10), folder = read_file(".", 10);
  ASSERT_FALSE(absent || folder);
  EXPECT_EQ(absent.error().message, "cannot be read: No such file or directory");
  EXPECT_EQ(absent.error().code, ExitCode::invalid_input);
  EXPECT_EQ(folder.error().message, "cannot be read: Is a directory");
}

TEST_F(ReadFile, WhatNeverEndsAndWhatHasNoSizeAreReadToo) {
  EXPECT_EQ(read_file("/dev/zero", 70'000).error().message, "larger than 70000 bytes");
  EXPECT_NE(read_file("/proc/self/status", 1 << 20).value().find("Threads:"), std::string::npos);
}

}  // namespace
}  // namespace millrace
