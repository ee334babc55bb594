#include "sim/run/csv_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using ACsvFile = InAFolder;

TEST_F(ACsvFile, BeginsWithItsHeaderAtOnce) {
  const auto file = CsvFile::create(path("a.csv"), "x,y");
  EXPECT_EQ(read("a.csv"), "x,y\n");
}

TEST_F(ACsvFile, ReplacesWhatWasThere) {
  write("a.csv", "something much longer than the header\n");
  const auto file = CsvFile::create(path("a.csv"), "x");
  EXPECT_EQ(read("a.csv"), "x\n");
}

// At any moment the file ends in a whole line: the last line was written either entirely or not at all.
TEST_F(ACsvFile, GrowsInWholeLines) {
  auto file = CsvFile::create(path("a.csv"), "x").value();
  std::size_t seen = 0;
  for (int i = 0; i < 40'000; ++i) {
    file.row("{},{}", i, "a row of some length, so that buffers fill");
    const auto size = std::filesystem::file_size(folder_ / "a.csv");
    if (size == seen) continue;
    seen = size;
    ASSERT_EQ(read("a.csv").back(), '\n') << "after row " << i;
  }
  EXPECT_GT(seen, 500'000U) << "it does not wait for the end";
  file.flush();
  EXPECT_THAT(read("a.csv"), testing::EndsWith("39999,a row of some length, so that buffers fill\n"));
  EXPECT_TRUE(file.close().ok());
}

TEST_F(ACsvFile, ThatCannotBeMadeIsAnErrorWithItsPath) {
  const auto file = CsvFile::create(path("no/such/folder.csv"), "x");
  EXPECT_THAT(file.error().message, testing::HasSubstr("folder.csv: cannot be written: No such file"));
}

TEST_F(ACsvFile, AFullDiskIsNoticed) {
  auto file = CsvFile::create("/dev/full", "x");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().message, testing::HasSubstr("No space left"));
}

}  // namespace
}  // namespace millrace
