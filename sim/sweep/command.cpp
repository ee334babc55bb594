#include "sim/sweep/command.hpp"

#include <algorithm>
#include <string_view>

namespace millrace {
namespace {

constexpr std::size_t kMaxFolderName = 80;

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return alphanumeric(c) || std::string_view("_-./:=,+@%").find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) c == '\'' ? quoted += "'\\''" : quoted += c;
  return quoted + "'";
}

std::string shell_command(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

std::vector<std::string> words_of(const CellCommand& command) {
  std::vector<std::string> words{command.program, "run", command.file, "--quiet"};
  words.insert(words.end(), command.options.begin(), command.options.end());
  for (const auto& text : command.overrides) words.insert(words.end(), {"--set", text});
  words.insert(words.end(), {"--out", command.directory, "--overwrite"});  // replaces a failed run
  return words;
}

std::string folder_name(const std::string& cell_name) {
  std::string name;
  for (const char c : cell_name) {
    const bool kept = alphanumeric(c) || std::string_view(".=-_").find(c) != std::string_view::npos;
    if (kept) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
    if (name.size() == kMaxFolderName) break;
  }
  while (name.starts_with('.') || name.starts_with('-')) name.erase(0, 1);
  return name.empty() ? "cell" : name;
}

}  // namespace millrace
