#include "runtime/yaml/yaml_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kShownCharacters = 60;
constexpr std::size_t kBlock = 256;  // a line may be a megabyte long: characters are counted by block

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Length of the well-formed UTF-8 character at the start of `text` (Unicode 15, table 3-7), or 0.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!continues_character(text[i])) return 0;
  }
  return length;
}

bool is_control(char c) {
  const auto code = static_cast<unsigned char>(c);
  return (code < 0x20 && c != '\n' && c != '\t' && c != '\r') || code == 0x7F;
}

}  // namespace

YamlText::YamlText(std::string_view text) : text_(text) {
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  line_starts_.push_back(0);
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
    if (i % kBlock == 0) characters_at_block_.push_back(characters);
    if (!continues_character(text_[i])) ++characters;
  }
  characters_at_block_.push_back(characters);
}

std::size_t YamlText::characters_before(std::size_t position) const {
  const std::size_t block = std::min(position / kBlock, text_.size() / kBlock);
  const std::string_view rest = text_.substr(block * kBlock, position - block * kBlock);
  return characters_at_block_[block] + rest.size() -
         static_cast<std::size_t>(std::count_if(rest.begin(), rest.end(), continues_character));
}

YamlMark YamlText::place(std::size_t position) const {
  position = std::min(position, text_.size());
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), position);
  const std::size_t start = *(after - 1);
  return {static_cast<int>(after - line_starts_.begin()),
          static_cast<int>(characters_before(position) - characters_before(start)) + 1};
}

YamlMark YamlText::place_of_nothing(std::size_t position) const {
  position = std::min(position, text_.size());
  if (position < text_.size() && (text_[position] == '~' || text_[position] == 'n' || text_[position] == 'N'))
    return place(position);
  const std::size_t last = text_.substr(0, position).find_last_not_of(" \n\r");
  return place(last == std::string_view::npos ? 0 : last);
}

bool YamlText::opens_quoted(std::size_t position) const {
  return position < text_.size() && std::string_view("'\"|>").find(text_[position]) != std::string_view::npos;
}

bool YamlText::closes_quoted(std::size_t position) const {
  const char quote = text_[position];
  if (quote != '\'' && quote != '"') return true;  // block scalars end with their indentation
  for (std::size_t i = position + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\' && quote == '"') {
      ++i;
    } else if (text_[i] == quote) {
      if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

std::vector<Problem> YamlText::problems(const std::string& name) const {
  std::vector<Problem> found;
  const auto report = [&](std::size_t position, std::string message) {
    const YamlMark at = place(position);
    found.push_back({name, at.line, at.column, std::move(message)});
  };
  bool in_indentation = true;
  for (std::size_t i = 0; i < text_.size() && found.size() < kMaxProblems;) {
    const char c = text_[i];
    const std::size_t length = character_length(text_.substr(i));
    if (length == 0) {
      report(i, "not UTF-8 text from here on; save the file as UTF-8");
      return found;
    }
    if (is_control(c)) {
      report(i,
             fmt::format("control character 0x{:02x} is not allowed; remove it", static_cast<unsigned>(c)));
    } else if (c == '\t' && in_indentation) {
      report(i, "a tab is used as indentation; use spaces");
      in_indentation = false;  // reported once per line
    } else if (c == '%' && (i == 0 || text_[i - 1] == '\n')) {
      report(i, "directives (%) are not read; remove the line");
    }
    in_indentation = c == '\n' || (in_indentation && c == ' ');
    i += length;
  }
  return found;
}

std::string shown(std::string_view text) {
  std::string result;
  std::size_t characters = 0;
  for (const char c : text) {
    if (!continues_character(c) && ++characters > kShownCharacters) return result + "…";
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (is_control(c)) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace millrace
