// Collects the problems of one tree, placed at the node a path names or, where there is none, at its parent;
// and remembers which values were reported, so that later checks keep silent about them.
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
  // The text there, or "".
  std::string text(const std::string& path) const;
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

}  // namespace millrace
