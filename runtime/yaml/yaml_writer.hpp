// Writes indented lines of YAML; scenarios are written with it, from the rows of their table of keys.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/yaml/decimal.hpp"

namespace millrace {

// The text in double quotes, with \ and " escaped; everything else inside is literal.
inline std::string quoted_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// A name needs quotes only where YAML would read it as something else.
inline std::string name_text(const std::string& text) {
  return surprises_as_text(text) ? quoted_text(text) : text;
}

// "[a, b]", from texts as written in a file.
inline std::string flow_list_text(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ", ") + text;
  return "[" + result + "]";
}

class Writer {
 public:
  // One line at the current depth: "key: value".
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_.append(2 * depth_, ' ');
    if (first_of_item_) text_.replace(text_.size() - 2, 1, "-");
    first_of_item_ = false;
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  // The key `name`, and below it the lines that `body()` writes.
  template <class Body>
  void map(std::string_view name, Body body) {
    line("{}:", name);
    depth_ += 1;
    body();
    depth_ -= 1;
  }
  // An item of the list whose key was written last; `body()` writes at least one line.
  template <class Body>
  void item(Body body) {
    depth_ += 2;
    first_of_item_ = true;
    body();
    depth_ -= 2;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t depth_ = 0;  // of two spaces
  bool first_of_item_ = false;
};

}  // namespace millrace
