// The files that a scenario names. The table marks the keys that name one: ValueKind::path.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/problem_log.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

// Makes the paths in the tree absolute, and reports files that do not exist. A file is searched for in
// `folder`, the scenario's, then in the current folder; a path from `--set` in the opposite order. REQUIRES
// that check_against() has checked `root`, and that `root` is the tree of `log`.
void find_files(const Schema& schema, const std::string& folder, YamlNode& root, ProblemLog& log);

// The same for a value of the key `row` that is used later as an override, as a sweep does: searched for in
// `folder` only, the folder of the file in which the value is written; a missing file is left as written.
void anchor_files(const Schema& schema, const std::string& row, const std::string& folder, YamlNode& value);

struct NamedFile {
  std::string key;   // the row, "network.links[].trace"
  std::string path;  // without a prefix such as "image-folder:"
  bool folder = false;
};
// The files of a scenario that has been read, in the order of its keys; a file named twice is listed twice.
std::vector<NamedFile> named_files(const Scenario& scenario);

}  // namespace millrace
