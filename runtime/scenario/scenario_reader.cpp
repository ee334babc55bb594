#include "runtime/scenario/scenario_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "runtime/scenario/overrides.hpp"
#include "runtime/scenario/scenario_checks.hpp"
#include "runtime/scenario/scenario_files.hpp"
#include "runtime/scenario/scenario_fill.hpp"
#include "runtime/scenario/sweep_fill.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

// In the order of the file, overrides last; at most kMaxProblems and a line that counts the rest.
std::vector<Problem> in_order(std::vector<Problem> problems, const std::string& name) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    const auto place = [](const Problem& p) { return std::tuple(p.line == 0, p.line, p.column); };
    return place(a) < place(b);
  });
  if (problems.size() > kMaxProblems) {
    const std::size_t rest = problems.size() - kMaxProblems;
    problems.resize(kMaxProblems);
    problems.push_back({name, 0, 0, fmt::format("{} more problems are not listed; mend these first", rest)});
  }
  return problems;
}

void append(std::vector<Problem>& to, std::vector<Problem> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

ReadScenario read_scenario(const std::string& path, const ReadOptions& options) {
  const auto text = read_text_file(path);
  if (!text) return {std::nullopt, {{path, 0, 0, text.error().message}}};
  return read_scenario_text(*text, path, std::filesystem::path(path).parent_path().string(), options);
}

ReadScenario read_scenario_text(std::string_view text, const std::string& name, const std::string& folder,
                                const ReadOptions& options) {
  YamlDocument document = read_yaml(text, name);
  if (!document.root) return {std::nullopt, in_order(std::move(document.problems), name)};
  YamlNode& root = *document.root;
  const Schema& schema = scenario_schema();
  append(document.problems, apply_overrides(schema, options.overrides, root));

  ProblemLog log(root, name);
  FilledScenario filled;
  std::optional<SweepSection> sweep;
  check_against(schema, root, log);
  if (root.kind == YamlNode::Kind::map) {
    if (options.files == FileCheck::must_exist) find_files(schema, folder, root, log);
    const Fields fields(root, log);
    filled = fill_scenario(fields, options.agents_elsewhere);
    check_scenario(filled, log);
    sweep = fill_sweep(schema, fields, folder, log);
  }
  append(document.problems, log.take());
  ReadScenario result;
  result.problems = in_order(std::move(document.problems), name);
  if (!result.problems.empty()) return result;
  result.scenario = std::move(filled.scenario);
  result.sweep = std::move(sweep);
  return result;
}

}  // namespace millrace
