#include "runtime/scenario/scenario_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "runtime/scenario/overrides.hpp"
#include "runtime/scenario/scenario_checks.hpp"
#include "runtime/scenario/scenario_fill.hpp"
#include "runtime/scenario/sweep_fill.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

enum class Wanted : std::uint8_t { file, folder };

bool is_there(const fs::path& path, Wanted wanted) {
  std::error_code ignored;  // what cannot be looked at is not there
  return fs::exists(path, ignored) && fs::is_directory(path, ignored) == (wanted == Wanted::folder);
}

class FileFinder {
 public:
  // All outlive this.
  FileFinder(const Fields& fields, const std::string& folder, FileCheck check, ProblemLog& log)
      : fields_(fields), check_(check), log_(log) {
    std::error_code ignored;
    current_ = fs::current_path(ignored);
    folder_ = folder.empty() ? current_ : current_ / folder;
  }

  void find(const std::string& at, std::string& value, const std::string& prefix = "",
            Wanted wanted = Wanted::file) {
    const YamlNode* node = fields_.node(at);
    if (node == nullptr || !value.starts_with(prefix) || check_ == FileCheck::leave_as_written) return;
    const fs::path written = value.substr(prefix.size());
    std::array places{(folder_ / written).lexically_normal(), (current_ / written).lexically_normal()};
    if (!node->set_by.empty()) std::swap(places[0], places[1]);
    for (const fs::path& place : places) {
      if (!is_there(place, wanted)) continue;
      value = prefix + place.string();
      return;
    }
    const std::string tried =
        places[0] == places[1]
            ? fmt::format("there is no {} {}", wanted == Wanted::file ? "file" : "folder", places[0].string())
            : fmt::format("there is neither {} nor {}", places[0].string(), places[1].string());
    log_.report(at, fmt::format("{} names \"{}\": {}", at, shown(value), tried));
  }

 private:
  const Fields& fields_;
  FileCheck check_;
  ProblemLog& log_;
  fs::path current_, folder_;
};

void find_link_files(const std::string& at, LinkSection& link, FileFinder& finder) {
  finder.find(at + ".trace", link.trace);
  finder.find(at + ".delay_trace", link.delay_trace);
  finder.find(at + ".loss_trace", link.loss_trace);
}

void find_link_files(FilledScenario& filled, FileFinder& finder) {
  auto& links = filled.scenario.network.links;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (i > 0 && filled.link_item[i - 1] == filled.link_item[i]) {  // the other direction of the same item
      links[i].trace = links[i - 1].trace;
      links[i].delay_trace = links[i - 1].delay_trace;
      links[i].loss_trace = links[i - 1].loss_trace;
    } else {
      find_link_files(fmt::format("network.links[{}]", filled.link_item[i]), links[i], finder);
    }
  }
  auto& segments = filled.scenario.network.segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    for (std::size_t j = 0; j < segments[i].access.size(); ++j) {
      const std::string at = fmt::format("network.segments[{}].access[{}]", i, j);
      find_link_files(at + ".up", segments[i].access[j].up, finder);
      find_link_files(at + ".down", segments[i].access[j].down, finder);
    }
  }
}

void find_files(FilledScenario& filled, FileFinder& finder) {
  Scenario& scenario = filled.scenario;
  if (scenario.model.weights != "random") finder.find("model.weights", scenario.model.weights);
  std::string& dataset = scenario.workload.dataset;
  if (const auto colon = dataset.find(':'); colon != std::string::npos)
    finder.find("workload.dataset", dataset, dataset.substr(0, colon + 1));
  for (std::size_t i = 0; i < scenario.devices.size(); ++i)
    finder.find(fmt::format("devices[{}].profile", i), scenario.devices[i].profile);
  finder.find("policy.partition.accuracy_table", scenario.policy.partition.accuracy_table);
  finder.find("policy.quantization.calibration", scenario.policy.quantization.calibration, "",
              Wanted::folder);
  find_link_files(filled, finder);
  auto& events = scenario.events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0 && filled.event_item[i - 1] == filled.event_item[i])
      events[i].trace = events[i - 1].trace;
    else
      finder.find(fmt::format("events[{}].trace", filled.event_item[i]), events[i].trace);
  }
}

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
  return read_scenario_text(*text, path, fs::path(path).parent_path().string(), options);
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
    const Fields fields(schema, root, log);
    filled = fill_scenario(fields, options.agents_elsewhere);
    FileFinder finder(fields, folder, options.files, log);
    find_files(filled, finder);
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
