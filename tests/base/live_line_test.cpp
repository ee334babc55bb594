#include "runtime/base/live_line.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace millrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

constexpr LiveLine::Pace kAtOnce{milliseconds(0), milliseconds(0), milliseconds(0)};

// What was written to a file, and to the far end of a terminal.
std::string written_to(std::FILE* file) {
  std::rewind(file);
  std::string text(1000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(grantpt(master_), 0);
    EXPECT_EQ(unlockpt(master_), 0);
    std::array<char, 200> name{};
    EXPECT_EQ(ptsname_r(master_, name.data(), name.size()), 0);
    slave_.reset(std::fopen(name.data(), "w"));
  }
  ~Terminal() { close(master_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::FILE* file() const { return slave_.get(); }
  std::string shows() const {
    std::string text(1000, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(master_, text.data(), text.size()))));
    return text;
  }

 private:
  int master_;
  File slave_;
};

TEST(LiveLine, IsALineOfItsOwnInAFile) {
  const File file(std::tmpfile());
  {
    LiveLine line(kAtOnce, false, file.get());
    EXPECT_TRUE(line.due());
    line.show("a");
    line.show("b");
    line.replace("nothing stands there to be replaced");
    line.clear();
  }
  EXPECT_EQ(written_to(file.get()), "a\nb\n");
}

TEST(LiveLine, IsRewrittenInPlaceOnATerminal) {
  const Terminal terminal;
  {
    LiveLine line(kAtOnce, false, terminal.file());
    line.show("a");
    line.clear();
    line.clear();
    line.replace("nothing stands there");
    line.show("b");
    line.replace("c");
  }
  EXPECT_EQ(terminal.shows(), "\r\x1b[Ka\r\x1b[K\r\x1b[Kb\r\x1b[Kc\r\n");
}

TEST(LiveLine, WaitsForItsTime) {
  const File file(std::tmpfile());
  const LiveLine in_file({milliseconds(0), milliseconds(0), hours(1)}, false, file.get());
  EXPECT_FALSE(in_file.due());
  const Terminal terminal;
  LiveLine line({milliseconds(0), hours(1), milliseconds(0)}, false, terminal.file());
  EXPECT_TRUE(line.due());
  line.show("a");
  EXPECT_FALSE(line.due());
}

TEST(LiveLine, SaysNothingWhereItIsQuiet) {
  const File file(std::tmpfile());
  LiveLine line(kAtOnce, true, file.get());
  EXPECT_FALSE(line.due());
  line.show("a");
  EXPECT_EQ(written_to(file.get()), "");
}

TEST(SpanText, TakesTheUnitThatFits) {
  EXPECT_EQ(span_text(std::chrono::seconds(31)), "31 s");
  EXPECT_EQ(span_text(std::chrono::minutes(12)), "12 min");
  EXPECT_EQ(span_text(std::chrono::minutes(150)), "2.5 h");
}

}  // namespace
}  // namespace millrace
