// The command of a cell: an ordinary `millrace run`, so that a batch system or a person can run it.
#pragma once

#include <string>
#include <vector>

namespace millrace {

// One word as a POSIX shell reads it back, in quotes only where it needs them.
std::string shell_quoted(const std::string& word);
std::string shell_command(const std::vector<std::string>& words);

struct CellCommand {
  std::string program, file;
  std::vector<std::string> options;  // of `millrace run`, besides those made of the members below
  std::vector<std::string> overrides;
  std::string directory;
};
std::vector<std::string> words_of(const CellCommand& command);

// "adaptive, rate=5 Mbit/s" as a part of a path: letters, digits, '.', '=', '-' and '_', at most 80.
std::string folder_name(const std::string& cell_name);

}  // namespace millrace
