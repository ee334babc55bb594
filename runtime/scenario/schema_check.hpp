// Checks a YAML tree against a table of keys: unknown and missing keys, types, units, ranges, alternatives.
// What depends on several values at once is the caller's affair (scenario_checks.hpp).
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "runtime/scenario/schema.hpp"
#include "runtime/scenario/strict_yaml.hpp"

namespace millrace {

// Collects problems of one tree, placed at the node a path names or, where there is none, at its parent.
class ProblemLog {
 public:
  // Both outlive the log. `name` is the file's.
  ProblemLog(const YamlNode& root, std::string name) : root_(root), name_(std::move(name)) {}

  // `path` is concrete ("network.links[1].rate"); it is bad from now on.
  void report(const std::string& path, std::string message);
  void report_key(const std::string& path, const YamlEntry& entry, std::string message);
  // Neither it nor a part of it has been reported, nor a whole it is part of.
  bool good(const std::string& path) const;
  // It has been reported, whatever is in it.
  bool bad_itself(const std::string& path) const { return bad_.contains(path); }
  // Whether the tree has a value there.
  bool has(const std::string& path) const;
  // The first text a list holds a second time, or "".
  std::string first_repetition(const std::string& list) const;
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  void mark_bad(const std::string& path);

  const YamlNode& root_;
  std::string name_;
  std::vector<Problem> problems_;
  std::unordered_set<std::string> bad_;      // reported themselves
  std::unordered_set<std::string> has_bad_;  // contain something reported
};

void check_against(const Schema& schema, const YamlNode& root, ProblemLog& log);

// The value in a bound: ">= 9.5 /s".
struct BoundText {
  bool at_least = true;
  double value = 0;
};
Result<BoundText> parse_bound(Unit unit, std::string_view text);

// The word of `known` that `word` is a slip of, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace millrace
