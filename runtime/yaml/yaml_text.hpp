// The characters of a YAML text and where they are. yaml-cpp counts bytes; people count characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/yaml/problem.hpp"

namespace millrace {

inline constexpr std::size_t kMaxProblems = 200;  // of one text; one last line counts the rest

struct YamlMark {
  int line = 0, column = 0;  // from 1; columns count characters
};

class YamlText {
 public:
  // `text` must outlive the object. A byte order mark at its start is skipped.
  explicit YamlText(std::string_view text);

  std::string_view text() const { return text_; }
  YamlMark place(std::size_t position) const;
  // The place of an absent value: yaml-cpp reports where the next value begins, this gives the end of what
  // comes before it.
  YamlMark place_of_nothing(std::size_t position) const;
  // Whether a quoted or block scalar begins there (rather than a plain one under a tag `!`).
  bool opens_quoted(std::size_t position) const;
  // Whether the quote that opens there is closed anywhere. REQUIRES opens_quoted(position).
  bool closes_quoted(std::size_t position) const;
  // What must be refused before parsing: bytes that are not UTF-8, control characters, tabs in indentation,
  // directives.
  std::vector<Problem> problems(const std::string& name) const;

 private:
  std::string_view text_;
  std::size_t characters_before(std::size_t position) const;

  std::vector<std::size_t> line_starts_;
  std::vector<std::size_t> characters_at_block_;  // characters before each block of kBlock bytes
};

// A text as it may appear in a message: control characters escaped, long ones cut.
std::string shown(std::string_view text);

}  // namespace millrace
