// Lines and numbers of an untrusted text file, with errors that say `name:line: what`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

inline constexpr std::size_t kMaxTraceLines = 20'000'000;
inline constexpr std::size_t kMaxTraceLineBytes = 4096;

class TraceText {
 public:
  // `text` and `name` outlive this. A byte order mark is skipped.
  TraceText(std::string_view text, const std::string& name);

  // The next line without its end (LF or CRLF); nothing after the last. A line longer than
  // kMaxTraceLineBytes or beyond kMaxTraceLines ends the text and sets overflow().
  std::optional<std::string_view> next();
  const std::optional<Error>& overflow() const { return overflow_; }

  std::size_t line() const { return line_; }
  // "name:line: message", about the line next() returned last.
  Error error(std::string_view message) const;
  std::string place() const;  // "name:line"

 private:
  std::string_view rest_;
  const std::string& name_;
  std::size_t line_ = 0;
  std::optional<Error> overflow_;
};

// For messages: in double quotes, at most 40 characters, control characters as '?'.
std::string quoted_field(std::string_view text);
std::string_view trimmed(std::string_view text);  // without blanks and tabs at both ends
// A finite decimal number and nothing else; "+1", "0x1", "nan", "inf" and blanks are refused.
std::optional<double> decimal(std::string_view text);

}  // namespace millrace
