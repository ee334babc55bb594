// Collects the problems of one tree, placed at the node that a path names or, if it does not exist, at the
// nearest node above; and remembers which values were reported, so that later checks ignore them.
#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/yaml/problem.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

class ProblemLog {
 public:
  // `root` must outlive the log. `name` is the file's.
  ProblemLog(const YamlNode& root, std::string name) : root_(root), name_(std::move(name)) {}

  // `path` is concrete ("network.links[1].rate"); its value counts as bad from now on.
  void report(const std::string& path, std::string message);
  void report_key(const std::string& path, const YamlEntry& entry, std::string message);
  // Whether neither the value, nor any value inside it, nor any value that contains it was reported.
  bool good(const std::string& path) const;
  // Whether the value itself was reported, apart from values inside it.
  bool bad_itself(const std::string& path) const { return bad_.contains(path); }
  // Whether the tree has a value there.
  bool has(const std::string& path) const;
  // The text there, or "".
  std::string text(const std::string& path) const;
  // The first text that a list repeats, or "".
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

}  // namespace millrace
