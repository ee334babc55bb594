#include "runtime/yaml/problem.hpp"

#include <fmt/format.h>

namespace millrace {

std::string to_string(const Problem& problem) {
  if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
}

std::string to_string(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) lines += to_string(problem) + "\n";
  return lines;
}

}  // namespace millrace
