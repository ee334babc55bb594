#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "runtime/base/log.hpp"
#include "sim/cli/picture_script.hpp"
#include "sim/cli/verb.hpp"
#include "sim/compare/comparison.hpp"

namespace millrace {
namespace {

struct CompareArguments {
  std::vector<std::string> runs;
  std::string picture, reference;
  bool json = false;
};

// Two spellings of one path name the same folder.
bool same_folder(const std::string& one, const std::string& other) {
  std::error_code problem;
  return one == other || std::filesystem::equivalent(one, other, problem);
}

int compare(CompareArguments arguments) {
  std::optional<std::size_t> reference;
  if (!arguments.reference.empty()) {
    const auto found = std::ranges::find_if(
        arguments.runs, [&](const auto& run) { return same_folder(run, arguments.reference); });
    reference = found - arguments.runs.begin();
    if (found == arguments.runs.end()) arguments.runs.push_back(arguments.reference);
  }
  std::vector<ComparedRun> runs;
  runs.reserve(arguments.runs.size());
  bool readable = true;
  for (const auto& directory : arguments.runs) {
    auto run = read_compared_run(directory);
    if (run) {
      if (!run->complete) log_warning("{}: this run failed; its figures are of how far it came", directory);
      runs.push_back(std::move(*run));
    } else {
      log_error("{}", run.error().message);
      readable = false;
    }
  }
  if (!readable) return static_cast<int>(ExitCode::invalid_input);
  const auto comparison = compare_runs(std::move(runs), reference);
  if (!print_all(arguments.json ? comparison_json(comparison) : comparison_table(comparison)))
    return static_cast<int>(ExitCode::run_failed);
  if (arguments.picture.empty()) return 0;
  std::vector<std::string> words{arguments.picture};
  if (reference) words.insert(words.begin(), {"--reference", arguments.runs[*reference]});
  words.insert(words.end(), arguments.runs.begin(), arguments.runs.end());
  return become_picture_script("compare.py", words);
}

}  // namespace

Verb add_compare_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<CompareArguments>();
  auto& command = *program.add_subcommand("compare", "print the errors between runs of one experiment");
  command.add_option("RUN", arguments->runs, "run directories, two or more")
      ->required()
      ->expected(2, 1'000)
      ->type_name("");
  command
      .add_option("--reference", arguments->reference,
                  "hold the others against this run directory (default: the one nearest to reality)")
      ->type_name("RUN");
  command.add_flag("--json", arguments->json, "the figures as JSON on stdout, and nothing else there");
  command.add_option("--picture", arguments->picture, "draw the comparison as a PNG too")->type_name("FILE");
  command.footer(
      "Runs of one scenario in several modes are held against the one over shaped links or on real\n"
      "devices, else against the first. Where links were not applied, a difference is not called an error.\n"
      "Errors of throughput and latency are (run - reference) / reference; of bits, accuracy and shares\n"
      "of time run - reference. Runs of several policies also yield whether the modes rank them alike.\n"
      "Exit codes: 0 ok, 2 usage, 3 a run cannot be read.\n"
      "Example:\n"
      "  millrace compare runs/simulated runs/cosimulated runs/deployed --picture error.png");
  return {&command, [arguments] { return compare(*arguments); }};
}

}  // namespace millrace
