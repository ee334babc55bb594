// One fault of a file or of a `--set` override, placed so that an editor can jump to it.
#pragma once

#include <string>
#include <vector>

namespace millrace {

struct Problem {
  std::string file;          // the name the text was read under, or "--set network.links[1].delay"
  int line = 0, column = 0;  // both from 1, columns count characters; 0: the place has no line
  std::string message;       // a sentence that says what to do
  bool operator==(const Problem&) const = default;
};

// "quickstart.yaml:17:5: message", or "--set run.seed: message" if there is no line.
std::string to_string(const Problem& problem);
// One line per problem, each ended by a line feed.
std::string to_string(const std::vector<Problem>& problems);

}  // namespace millrace
