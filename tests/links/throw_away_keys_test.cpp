#include "sim/links/throw_away_keys.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace millrace {
namespace {

namespace fs = std::filesystem;

// Temporary files of the test's own.
class KeysOfARun : public testing::Test {
 protected:
  KeysOfARun() {
    std::string name = testing::TempDir() + "millrace-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder can be made";
    folder_ = name;
    setenv("TMPDIR", name.c_str(), 1);
  }
  ~KeysOfARun() override {
    unsetenv("TMPDIR");
    fs::remove_all(folder_);
  }
  fs::path folder_;
};

TEST_F(KeysOfARun, GoWithIt) {
  {
    const auto keys = ThrowAwayKeys::make({"board-a"});
    ASSERT_TRUE(keys.ok()) << keys.error().message;
    EXPECT_TRUE(fs::exists((*keys)->device("board-a") + "/node.key"));
    EXPECT_TRUE(fs::exists((*keys)->host() + "/node.key"));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(KeysOfARun, AreNotTakenAwayWhileItLives) {
  const auto keys = ThrowAwayKeys::make({"board-a"});
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  EXPECT_TRUE(remove_leftover_keys().empty());
  EXPECT_TRUE(fs::exists((*keys)->host() + "/node.key"));
}

TEST_F(KeysOfARun, AreFoundWhenItWasKilledAndNothingElseIs) {
  const auto left = folder_ / "millrace-keys-abcdef", mine = folder_ / "mine";
  for (const auto& folder : {left, mine, folder_ / "millrace-keys-of-mine"}) {
    fs::create_directories(folder / "fleet");
    std::ofstream(folder / "fleet/node.key") << "secret";
  }
  fs::create_directory_symlink(mine, folder_ / "millrace-keys-ghijkl");
  EXPECT_EQ(remove_leftover_keys(), std::vector<std::string>{left.string()});
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(mine / "fleet/node.key"));
  EXPECT_TRUE(fs::exists(folder_ / "millrace-keys-of-mine/fleet/node.key"));
}

}  // namespace
}  // namespace millrace
