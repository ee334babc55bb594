// The small language of scenario_writer.cpp and network_writer.cpp: lines of YAML at a depth.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/yaml/decimal.hpp"
#include "runtime/yaml/quantity.hpp"

namespace millrace {

// Double quotes: everything inside is literal but \ and ".
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

inline std::string names_text(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ", ") + name_text(text);
  return "[" + result + "]";
}

inline std::string duration_text(Duration value) { return format_exact(Unit::duration, value.count_ns()); }
inline std::string size_text(Bytes value) { return format_exact(Unit::size, value.count()); }
inline std::string number_text(double value) { return format_real(Unit::none, value); }

class Writer {
 public:
  // One line; `key: value` at the current depth.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += indent_;
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void indent(std::string spaces) { indent_ = std::move(spaces); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_, indent_;
};

}  // namespace millrace
