#include "sim/sweep/command.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

// The words into which a shell splits the line.
std::string through_the_shell(const std::string& line) {
  const std::string command = "printf '%s\\n' " + line;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string said;
  std::array<char, 4096> piece{};
  while (const auto size = std::fread(piece.data(), 1, piece.size(), pipe.get()))
    said.append(piece.data(), size);
  return said;
}

TEST(ShellQuoting, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_quoted("run.window=4"), "run.window=4");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("rate=5 Mbit/s"), "'rate=5 Mbit/s'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(ShellQuoting, AShellReadsEveryWordBack) {
  Random random(test_seed(), "shell words");
  constexpr std::string_view kNasty = "'\"\\$`!*?[]{}()<>|&;#~ =aZ.-%^,:";
  std::vector<std::string> words;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    std::string word;
    for (auto n = random.below(12); n > 0; --n) word += kNasty[random.below(kNasty.size())];
    expected += word + "\n";
    words.push_back(word);
  }
  EXPECT_EQ(through_the_shell(shell_command(words)), expected);
}

TEST(FolderName, KeepsWhatIsSafeInAPath) {
  EXPECT_EQ(folder_name("adaptive, rate=5 Mbit/s"), "adaptive_rate=5_Mbit_s");
  EXPECT_EQ(folder_name("../../etc"), "_.._etc");
  EXPECT_EQ(folder_name("\xc3\xa4"), "cell");
  EXPECT_EQ(folder_name(std::string(500, 'x')).size(), 80U);
}

}  // namespace
}  // namespace millrace
