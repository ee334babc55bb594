#include "runtime/yaml/problem_log.hpp"

#include "runtime/yaml/yaml_path.hpp"

namespace millrace {

void ProblemLog::mark_bad(const std::string& path) {
  bad_.insert(path);
  for (std::string_view whole = path; !whole.empty();) {
    whole = parent_path(whole);
    if (!has_bad_.insert(std::string(whole)).second) break;
  }
}

void ProblemLog::report(const std::string& path, std::string message) {
  mark_bad(path);
  if (message.empty()) return;  // reported already when the YAML was read
  const YamlNode& node = nearest_node(root_, path);
  if (node.set_by.empty()) {
    problems_.push_back({name_, node.mark.line, node.mark.column, std::move(message)});
  } else {
    problems_.push_back({"--set " + node.set_by, 0, 0, std::move(message)});
  }
}

void ProblemLog::report_key(const std::string& path, const YamlEntry& entry, std::string message) {
  mark_bad(path.empty() ? entry.key : path + "." + entry.key);
  if (entry.value.set_by.empty()) {
    problems_.push_back({name_, entry.mark.line, entry.mark.column, std::move(message)});
  } else {
    problems_.push_back({"--set " + entry.value.set_by, 0, 0, std::move(message)});
  }
}

bool ProblemLog::has(const std::string& path) const { return find_node(root_, path) != nullptr; }

std::string ProblemLog::text(const std::string& path) const {
  const YamlNode* node = find_node(root_, path);
  return node == nullptr ? std::string() : node->text;
}

std::string ProblemLog::first_repetition(const std::string& list) const {
  std::unordered_set<std::string> seen;
  const YamlNode* node = find_node(root_, list);
  if (node == nullptr || !good(list)) return "";
  for (const YamlNode& item : node->items) {
    if (!seen.insert(item.text).second) return item.text;
  }
  return "";
}

bool ProblemLog::good(const std::string& path) const {
  if (has_bad_.contains(path)) return false;
  for (std::string_view whole = path;; whole = parent_path(whole)) {
    if (bad_.contains(std::string(whole))) return false;
    if (whole.empty()) return true;
  }
}

}  // namespace millrace
