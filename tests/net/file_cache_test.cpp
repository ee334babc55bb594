#include "runtime/net/file_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/base/sha256.hpp"
#include "runtime/net/buffer_pool.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class AFileCache : public testing::Test {
 protected:
  AFileCache() {
    std::string name = fs::temp_directory_path() / "millrace-cache-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder can be made";
    folder_ = name;
  }
  ~AFileCache() override { fs::remove_all(folder_); }
  static InputFile file(const std::string& content, const std::string& path = "/nowhere/w") {
    return {path, sha256_hex(content), content.size()};
  }
  static Result<std::string> fill(const FileCache& cache, const InputFile& announced,
                                  const std::string& content) {
    auto incoming = cache.receive(announced);
    if (!incoming) return incoming.error();
    const auto bytes = std::as_bytes(std::span(content.data(), content.size()));
    const auto half = bytes.size() / 2;
    if (auto done = (*incoming)->append(bytes.first(half)); !done) return done.error();
    if (auto done = (*incoming)->append(bytes.subspan(half)); !done) return done.error();
    return (*incoming)->finish();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  void age(const std::string& path) const {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }

  std::string folder_;
};

TEST_F(AFileCache, KeepsAFileUnderItsHash) {
  const FileCache cache(folder_, 1000);
  const auto wanted = file("weights");
  EXPECT_EQ(cache.find(wanted), "");
  ASSERT_TRUE(fill(cache, wanted, "weights").ok());
  EXPECT_EQ(cache.find(wanted), folder_ + "/" + wanted.sha256);
}

TEST_F(AFileCache, UsesTheFileWhereTheScenarioSaysIfItIsTheRightOne) {
  const auto path = folder_ + "/here";
  std::ofstream(path) << "weights";
  const FileCache cache({}, 0);
  EXPECT_EQ(cache.find(file("weights", path)), path);
  EXPECT_EQ(cache.find(file("Weights", path)), "") << "of the same length, but another text";
}

TEST_F(AFileCache, TakesNothingThatIsNotWhatWasAnnounced) {
  const FileCache cache(folder_, 1000);
  EXPECT_THAT(fill(cache, file("weights"), "weighty").error().message, HasSubstr("is not the file"));
  EXPECT_THAT(fill(cache, file("weights"), "weigh").error().message, HasSubstr("5 of 7 bytes"));
  EXPECT_THAT(fill(cache, file("weights"), "weights and more").error().message, HasSubstr("sends more"));
  EXPECT_EQ(files(), 0U) << "and leaves nothing behind";
}

TEST_F(AFileCache, DoesNotTrustWhatHasChangedOnTheDisk) {
  const FileCache cache(folder_, 1000);
  const auto path = fill(cache, file("weights"), "weights").value();
  std::ofstream(path) << "Weights";
  EXPECT_EQ(cache.find(file("weights")), "");
  EXPECT_EQ(files(), 0U);
}

TEST_F(AFileCache, LetsTheOldestGoFirstAndNothingThatIsInUse) {
  // Each fetch is a run of its own.
  const auto fetch = [this](const std::string& content) {
    return fill(FileCache(folder_, 10), file(content), content);
  };
  const auto old = fetch("1234").value();
  const auto older = fetch("5678").value();
  age(old);
  age(older);
  fs::last_write_time(older, fs::last_write_time(older) - std::chrono::hours(1));
  ASSERT_TRUE(fetch("abcd").ok());
  EXPECT_FALSE(fs::exists(older));
  EXPECT_TRUE(fs::exists(old));
  ASSERT_TRUE(fetch("efgh").ok());
  EXPECT_FALSE(fs::exists(old));
  EXPECT_THAT(fetch("ijkl").error().message, HasSubstr("files in use fill 8 of the 10"));
  EXPECT_EQ(files(), 2U) << "those used this minute stay, and the limit holds";
  EXPECT_THAT(fetch("far too long").error().message, HasSubstr("--cache-limit"));
}

TEST_F(AFileCache, NeverRemovesWhatItsOwnRunUses) {
  const auto old = fill(FileCache(folder_, 10), file("1234"), "1234").value();
  const FileCache cache(folder_, 10);
  ASSERT_EQ(cache.find(file("1234")), old);
  age(old);  // the run's next file took an hour to come
  EXPECT_FALSE(fill(cache, file("too long"), "too long").ok());
  EXPECT_TRUE(fs::exists(old));
  EXPECT_TRUE(fill(FileCache(folder_, 10), file("too long"), "too long").ok()) << "in another run it is old";
  EXPECT_FALSE(fs::exists(old));
}

TEST_F(AFileCache, CountsWhatIsOnItsWayAndRemovesWhatKilledAgentsLeft) {
  const auto first = file("123456"), second = file("abcdef");
  {
    const FileCache other(folder_, 10);
    const auto coming = other.receive(first);
    ASSERT_TRUE(coming.ok());
    EXPECT_FALSE(FileCache(folder_, 10).receive(second).ok())
        << "a file's whole size is reserved from the start";
  }
  const auto left = folder_ + "/" + first.sha256 + ".part-abc123",
             links = folder_ + "/folder-" + first.sha256;
  const auto stranger = folder_ + "/notes.part-1";
  for (const auto& path : {left, stranger}) std::ofstream(path) << "123456";
  fs::create_directory(links);
  for (const auto& path : {left, links, stranger}) age(path);
  age(left);
  fs::last_write_time(left, fs::last_write_time(left) - std::chrono::hours(1));
  fs::last_write_time(links, fs::last_write_time(links) - std::chrono::hours(1));
  EXPECT_TRUE(fill(FileCache(folder_, 10), second, "abcdef").ok());
  EXPECT_FALSE(fs::exists(left));
  EXPECT_FALSE(fs::exists(links));
  EXPECT_TRUE(fs::exists(stranger)) << "files of others stay";
}

TEST_F(AFileCache, PutsFilesIntoOneFolderByName) {
  const FileCache cache(folder_, 1000);
  ASSERT_TRUE(fill(cache, file("one"), "one").ok());
  ASSERT_TRUE(fill(cache, file("two"), "two").ok());
  const auto made = cache.folder_of({{"cut-1", file("one")}, {"cut-2", file("two")}});
  ASSERT_TRUE(made.ok()) << made.error().message;
  std::string content;
  std::ifstream(*made + "/cut-2") >> content;
  EXPECT_EQ(content, "two");
  EXPECT_EQ(cache.folder_of({{"cut-1", file("one")}, {"cut-2", file("two")}}).value(), *made);
  for (const std::string bad : {"../x", ".x", "", "a/b"})
    EXPECT_FALSE(cache.folder_of({{bad, file("one")}}).ok()) << bad;
}

TEST(ABufferPool, GivesTheSameMemoryAgainAndKeepsWithinItsBudget) {
  const auto pool = BufferPool::of(100);
  auto first = pool->take(60);
  ASSERT_TRUE(first);
  const auto* where = first->data();
  EXPECT_EQ(pool->take(41), nullptr);
  EXPECT_EQ(pool->held(), 60U);
  first.reset();
  EXPECT_EQ(pool->held(), 0U);
  const auto again = pool->take(60);
  EXPECT_EQ(again->data(), where);
  EXPECT_EQ(pool->take(101), nullptr);
}

TEST(ABufferPool, IsOutlivedByItsBuffers) {
  auto pool = BufferPool::of(100);
  const auto buffer = pool->take(10);
  pool.reset();
  EXPECT_EQ(buffer->size(), 10U);
}

}  // namespace
}  // namespace millrace
