#include "runtime/base/output_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace millrace {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Outputs : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  ~Outputs() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(at(name)) << text;
    return at(name);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  // Both ways of writing.
  static Result<void> stream(const std::string& path, const std::string& text) {
    auto file = OutputStream::open(path);
    if (!file) return file.error();
    if (auto written = file->append(text); !written) return written;
    return file->close();
  }
  const std::string folder_ = testing::TempDir() + "outputs-" + std::to_string(getpid());
};

// Runs `work` with descriptor 1 redirected to a file, and returns the file's content.
std::string caught_stdout(const std::string& file, const std::function<void()>& work) {
  std::fflush(stdout);
  const int kept = dup(STDOUT_FILENO), caught = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(caught, STDOUT_FILENO);
  work();
  std::fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  close(caught);
  return read(file);
}

TEST_F(Outputs, ARegularFileIsMadeAndReplacedWholeWithItsPermissions) {
  ASSERT_TRUE(write_output(at("new"), "first").ok());
  EXPECT_EQ(read(at("new")), "first");
  ASSERT_EQ(chmod(at("new").c_str(), 0640), 0);
  std::ifstream reader(at("new"));  // holds the old file, which must not change
  ASSERT_TRUE(write_output(at("new"), "second").ok());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "first");
  EXPECT_EQ(read(at("new")), "second");
  struct stat after {};
  ASSERT_EQ(stat(at("new").c_str(), &after), 0);
  EXPECT_EQ(after.st_mode & 07777, 0640);
  EXPECT_EQ(files(), 1U);
  ASSERT_TRUE(stream(at("new"), "3").ok());
  EXPECT_EQ(read(at("new")), "3");
}

TEST_F(Outputs, ANameAsLongAsNamesMayBeIsWritten) {
  ASSERT_TRUE(write_output(at(std::string(255, 'n')), "text").ok());
  EXPECT_EQ(read(at(std::string(255, 'n'))), "text");
}

TEST_F(Outputs, ASymbolicLinkIsFollowed) {
  fs::create_directory(at("store"));
  put("store/real", "old");
  fs::create_symlink("store/real", at("link"));
  fs::create_symlink("link", at("link-to-link"));
  for (const auto* name : {"link", "link-to-link"}) {
    ASSERT_TRUE(write_output(at(name), name).ok());
    EXPECT_TRUE(fs::is_symlink(at(name)));
    EXPECT_EQ(read(at("store/real")), name);
    ASSERT_TRUE(stream(at(name), "streamed").ok());
    EXPECT_TRUE(fs::is_symlink(at(name)));
    EXPECT_EQ(read(at("store/real")), "streamed");
  }
}

TEST_F(Outputs, ALinkToNothingMakesWhatItNames) {
  fs::create_symlink("not-yet", at("link"));
  ASSERT_TRUE(write_output(at("link"), "made").ok());
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(read(at("not-yet")), "made");
  fs::create_symlink("nowhere/file", at("lost"));
  const auto refused = write_output(at("lost"), "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, at("lost") + " (a link to " + at("nowhere/file") +
                                         "): cannot be written: No such file or directory");
  EXPECT_TRUE(fs::is_symlink(at("lost")));
}

TEST_F(Outputs, LinksInACircleAreSaid) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  EXPECT_THAT(write_output(at("a"), "x").error().message, HasSubstr("its links lead in a circle"));
}

TEST_F(Outputs, AFileWithTwoNamesKeepsBoth) {
  put("one", "old and longer");
  fs::create_hard_link(at("one"), at("two"));
  ASSERT_TRUE(write_output(at("one"), "new").ok());
  EXPECT_EQ(read(at("two")), "new");
}

TEST_F(Outputs, AFifoIsWrittenIntoOnceSomebodyReads) {
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  const std::string text(200'000, 'x');  // more than a pipe holds
  for (auto* way : {+[](const std::string&p, const std::string&t) { return write_output(p, t); }, &stream}) {
    std::string got;
    std::thread reader([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      got = read(at("fifo"));
    });
    EXPECT_TRUE(way(at("fifo"), text).ok());
    reader.join();
    EXPECT_EQ(got, text);
    EXPECT_TRUE(fs::is_fifo(at("fifo")));
  }
}

TEST_F(Outputs, ADeviceIsWrittenIntoAndStaysOne) {
  // /dev/null and /dev/full, as nodes of our own where root may make them.
  const bool made = mknod(at("null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0 &&
                    mknod(at("full").c_str(), S_IFCHR | 0666, makedev(1, 7)) == 0;
  const std::string null = made ? at("null") : "/dev/null", full = made ? at("full") : "/dev/full";
  EXPECT_TRUE(write_output(null, "text").ok());
  EXPECT_TRUE(stream(null, "text").ok());
  EXPECT_TRUE(fs::is_character_file(null));
  for (const auto& refused : {write_output(full, "text"), stream(full, "text")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, full + ": cannot be written: No space left on device");
  }
  EXPECT_TRUE(fs::is_character_file(full));
}

TEST_F(Outputs, StandardOutputHasManyNames) {
  fs::create_symlink("/dev/stdout", at("link"));
  for (const auto& name : {std::string("-"), std::string("/dev/stdout"), std::string("/dev/fd/1"),
                           std::string("/proc/self/fd/1"), at("link")}) {
    EXPECT_TRUE(is_standard_output(name)) << name;
    const auto got = caught_stdout(at("caught"), [&] {
      std::fputs("before ", stdout);  // output goes on at the descriptor's position, in a file too
      EXPECT_TRUE(check_output(name).ok());
      EXPECT_TRUE(write_output(name, "text ").ok());
      EXPECT_TRUE(stream(name, "streamed ").ok());
      std::fputs("after", stdout);
    });
    EXPECT_EQ(got, "before text streamed after") << name;
  }
  for (const auto& name : {std::string("/dev/null"), std::string("-x"), at("caught")})
    EXPECT_FALSE(is_standard_output(name)) << name;
}

TEST_F(Outputs, WhatCannotBeWrittenIsSaidBeforeTheWorkAndLeavesNothing) {
  for (const auto& [path, finding] : {std::pair(folder_, "it is a folder"),
                                      {at("no/file"), "No such file"},
                                      {put("plain", "") + "/file", "Not a directory"}}) {
    for (const auto& refused : {check_output(path), write_output(path, "x"), stream(path, "x")}) {
      ASSERT_FALSE(refused) << path;
      EXPECT_THAT(refused.error().message, HasSubstr(path + ": cannot be written: " + finding));
    }
  }
  EXPECT_FALSE(write_output("", "x").ok());
  EXPECT_FALSE(write_output("/dev/fd/987", "x").ok());
  ASSERT_TRUE(check_output(at("new")).ok());
  EXPECT_EQ(files(), 1U);
}

TEST_F(Outputs, ALinkIntoAFolderThatMayNotBeWrittenIsRefusedAndStays) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directory(at("closed"));
  put("closed/file", "old");
  fs::create_symlink("closed/file", at("link"));
  fs::create_symlink("closed/new", at("dangling"));
  ASSERT_EQ(chmod(at("closed").c_str(), 0555), 0);
  EXPECT_TRUE(write_output(at("link"), "new").ok());  // written in place, as the file itself is writable
  EXPECT_EQ(read(at("link")), "new");
  EXPECT_THAT(write_output(at("dangling"), "x").error().message,
              HasSubstr("(a link to " + at("closed/new") + "): cannot be written: Permission denied"));
  ASSERT_EQ(chmod(at("closed/file").c_str(), 0444), 0);
  EXPECT_THAT(write_output(at("link"), "x").error().message, HasSubstr("Permission denied"));
  chmod(at("closed").c_str(), 0755);
}

// A file may not grow beyond a limit, which fails as a full disk does: some of the bytes, then an error.
class ALimit {
 public:
  explicit ALimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit narrow{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &narrow);
  }
  ~ALimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    (void)std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST_F(Outputs, APieceThatDoesNotFitLeavesAStreamAsItWasBefore) {
  auto file = OutputStream::open(at("grows")).value();
  ASSERT_TRUE(file.append("a row\n").ok());
  {
    const ALimit limit(10);
    const auto refused = file.append("a longer row\n");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message, at("grows") + ": cannot be written: File too large");
  }
  EXPECT_EQ(read(at("grows")), "a row\n");
  EXPECT_TRUE(file.append("b\n").ok());
  EXPECT_EQ(read(at("grows")), "a row\nb\n");
}

TEST_F(Outputs, WhatIsAddedComesBehindWhatIsThere) {
  for (const std::string text : {"one\n", "two\n"}) {
    auto file = OutputStream::open_to_add(at("log")).value();
    ASSERT_TRUE(file.append(text).ok());
    ASSERT_TRUE(file.close().ok());
  }
  EXPECT_EQ(read(at("log")), "one\ntwo\n");
}

TEST_F(Outputs, AFileWrittenLazilyIsTheOldOneWhereTheNewOneDoesNotFit) {
  const auto path = put("whole", "old");
  {
    const ALimit limit(10);
    EXPECT_FALSE(write_output_lazily(path, "new, and too long").ok());
  }
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace millrace
