#include "sim/trace/trace_text.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

namespace millrace {

TraceText::TraceText(std::string_view text, const std::string& name) : rest_(text), name_(name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

std::optional<std::string_view> TraceText::next() {
  if (rest_.empty()) return std::nullopt;
  ++line_;
  const std::size_t end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > kMaxTraceLineBytes)
    overflow_ = error(fmt::format("a line may have {} bytes, got {}", kMaxTraceLineBytes, line.size()));
  if (line_ > kMaxTraceLines) overflow_ = error(fmt::format("a trace may have {} lines", kMaxTraceLines));
  if (overflow_) return rest_ = {}, std::nullopt;
  return line;
}

Error TraceText::error(std::string_view message) const {
  return {fmt::format("{}:{}: {}", name_, line_, message), ExitCode::invalid_input};
}

std::string TraceText::place() const { return fmt::format("{}:{}", name_, line_); }

std::string quoted_field(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown = "\"";
  for (const char c : text.substr(0, kShown)) shown += c >= ' ' && c < 127 ? c : '?';
  return shown + (text.size() > kShown ? "…\"" : "\"");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (text.empty() || problem != std::errc{} || stopped != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace millrace
