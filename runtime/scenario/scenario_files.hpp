// The files that a scenario names. Which keys name one is the table's affair: ValueKind::path.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/problem_log.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

// Makes the paths in the tree absolute, and reports those of files that are not there. A path is looked for
// in `folder`, the scenario's, then in the current one; one from `--set` the other way round. `root` has been
// through check_against, and is the tree of `log`.
void find_files(const Schema& schema, const std::string& folder, YamlNode& root, ProblemLog& log);

// The same for a value of the key `row` that is kept for later, as a sweep keeps those of its cells: only in
// `folder`, because it is known here where the value stands; what is not there is left as it is.
void anchor_files(const Schema& schema, const std::string& row, const std::string& folder, YamlNode& value);

struct NamedFile {
  std::string key;   // the row, "network.links[].trace"
  std::string path;  // without a prefix such as "image-folder:"
  bool folder = false;
};
// Those of a scenario that has been read, in the order of its keys; one named twice is there twice.
std::vector<NamedFile> named_files(const Scenario& scenario);

}  // namespace millrace
