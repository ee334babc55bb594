// One line that says how far long work is: rewritten in place on a terminal, and now and then a line of its
// own in a file or a pipe.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace millrace {

class LiveLine {
 public:
  struct Pace {
    // Before the first line on a terminal, and between two of them.
    std::chrono::milliseconds first{300}, between{200};
    std::chrono::milliseconds elsewhere{5000};  // before and between lines of a file
  };

  // `quiet`: no line is ever due. `to` outlives it.
  explicit LiveLine(Pace pace, bool quiet = false, std::FILE* to = stderr);
  ~LiveLine() { end(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // Whether it is time for a line; the texts of others need not be made.
  bool due() const { return !quiet_ && Clock::now() >= next_; }
  // Shows the text, due or not.
  void show(const std::string& text);
  // Shows what the work came to; only on a terminal, and only where a line stands there.
  void replace(const std::string& text);
  // Takes the line away, so that something else can be printed; the next one brings it back.
  void clear();
  // Leaves the line where it is: what is printed next begins below it.
  void end();

  bool terminal() const { return terminal_; }
  std::chrono::duration<double> elapsed() const { return Clock::now() - began_; }

 private:
  using Clock = std::chrono::steady_clock;

  Pace pace_;
  bool quiet_, terminal_;
  std::FILE* to_;
  bool on_line_ = false;
  Clock::time_point began_, next_;
};

// "31 s", "12 min", "2.5 h".
std::string span_text(std::chrono::duration<double> span);

}  // namespace millrace
