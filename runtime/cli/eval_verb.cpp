#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/live_line.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/base/version.hpp"
#include "runtime/cli/model_option.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/evaluation.hpp"
#include "runtime/stage/evaluation_report.hpp"

namespace millrace {
namespace {

struct EvalArguments {
  std::string model, weights, dataset, out, json, calibration, normalisation;
  std::vector<std::string> codecs, scopes{"image"}, cuts{"all-blocks"};
  std::vector<double> bits{2, 4, 6, 8};
  std::uint64_t images = 0, seed = 1;
  std::int64_t memory_mib = 1024;
  std::uint32_t microbatch = 8;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool together = false, quiet = false;
};

std::string progress_text(double share, std::chrono::duration<double> elapsed) {
  const std::string left = share > 0 ? span_text(elapsed / share - elapsed) : "?";
  return fmt::format("{:.1f} % done, {} elapsed, about {} left", 100 * share, span_text(elapsed), left);
}

struct Opened {
  EvaluationRequest request;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<WeightSource> weights;
};

Result<std::vector<std::vector<int>>> cut_sets(const EvalArguments& arguments, const ModelConfig& model) {
  auto sets = cuts_from_text(arguments.cuts, model);
  if (!sets) return sets.error().in("--cuts");
  if (!arguments.together) return sets;
  std::vector<int> joined;
  for (const auto& set : *sets) joined.insert(joined.end(), set.begin(), set.end());
  std::ranges::sort(joined);
  joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
  return std::vector<std::vector<int>>{joined};
}

Result<Opened> open(const EvalArguments& arguments) {
  const auto model = model_of(arguments.model, arguments.normalisation);
  if (!model) return model.error();
  QuantizationGrid grid{arguments.codecs, {}, arguments.bits};
  for (const std::string& name : arguments.scopes) {
    const auto scope = scale_scope_by_name(name);
    if (!scope) return scope.error().in("--scope");
    grid.scopes.push_back(*scope);
  }
  auto rows = rows_of(grid);
  if (!rows) return rows.error().in("--codec, --bits");
  for (const std::string& note : rows->notes) log_note("{}", note);
  auto sets = cut_sets(arguments, *model);
  if (!sets) return sets.error();
  auto dataset = open_dataset(arguments.dataset, *model, arguments.seed);
  if (!dataset) return dataset.error().in("--dataset");
  std::uint64_t images = arguments.images;
  if (images == 0) {
    if (!(*dataset)->size())
      return Error{fmt::format("{} has no end: say how many with --images", arguments.dataset),
                   ExitCode::usage};
    images = *(*dataset)->size();
  }
  auto weights = make_weights(arguments.weights, *model, arguments.seed);
  if (!weights) return weights.error().in("--weights");
  Opened opened{{.model = *model,
                 .images = images,
                 .cuts = rows->rows.empty() ? std::vector<std::vector<int>>{} : std::move(*sets),
                 .quantizations = std::move(rows->rows),
                 .microbatch = arguments.microbatch,
                 .calibrations = arguments.calibration,
                 .threads = arguments.threads,
                 .kept_at_most = Bytes(arguments.memory_mib << 20)},
                std::move(*dataset),
                std::move(*weights)};
  if (const auto sound = check_request(opened.request, *opened.dataset); !sound) return sound.error();
  return opened;
}

// The hash of the file that a name such as image-folder:PATH or PATH means; empty for a name without a file,
// such as random.
Result<std::string> hash_of(const std::string& name) {
  const auto colon = name.find(':');
  const std::string path = colon == std::string::npos ? name : name.substr(colon + 1);
  if (!std::filesystem::is_regular_file(path)) return std::string();
  return sha256_of_file(path);
}

Result<void> write_json(const EvalArguments& arguments, const std::vector<EvaluationRow>& rows,
                        EvaluationFacts facts) {
  const auto weights = hash_of(arguments.weights), dataset = hash_of(arguments.dataset);
  if (!weights) return weights.error();
  if (!dataset) return dataset.error();
  facts.weights_sha256 = *weights;
  facts.dataset_sha256 = *dataset;
  return write_output(arguments.json, evaluation_json(facts, rows));
}

std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// The error for an option whose path cannot be written.
template <class T>
Error usage(const Result<T>& refused, const std::string& option) {
  return {refused.error().in(option).message, ExitCode::usage};
}

// Rows go to the CSV and to stdout as soon as they are complete; Ctrl-C keeps the complete rows.
Result<void> eval(const EvalArguments& arguments) {
  const auto opened = open(arguments);
  if (!opened) return opened.error();
  if (!arguments.json.empty()) {
    if (const auto possible = check_output(arguments.json); !possible) return usage(possible, "--json");
  }
  auto csv = OutputStream::open(arguments.out);
  if (!csv) return usage(csv, "--out");
  Result<void> written = csv->append(fmt::format("{}\n", kEvaluationColumns));
  if (!written) return usage(written, "--out");
  const bool shown = !arguments.quiet && !is_standard_output(arguments.out) &&
                     (arguments.json.empty() || !is_standard_output(arguments.json));
  catch_interrupts();
  std::vector<EvaluationRow> rows;
  LiveLine progress({.elsewhere = std::chrono::seconds(30)}, arguments.quiet);
  EvaluationEvents events;
  events.row = [&](const EvaluationRow& row) {
    if (written) written = csv->append(csv_line(row) + "\n");
    progress.clear();
    if (shown) {
      if (rows.empty()) fmt::print("{}\n", table_header());
      fmt::print("{}\n", table_line(row));
      std::fflush(stdout);
    }
    if (const auto note = not_finite_note(row); !note.empty()) log_warning("{}", note);
    rows.push_back(row);
  };
  events.progress = [&](const EvaluationProgress& now) {
    if (progress.due()) progress.show(progress_text(now.done / now.all, progress.elapsed()));
    return !interrupt_requested() && written;
  };
  const auto ended = evaluate(opened->request, *opened->dataset, *opened->weights, events);
  progress.clear();
  if (!ended) return ended.error();
  if (!written) return written;
  if (auto closed = csv->close(); !closed) return closed;
  if (const auto table = table_over_cuts(rows); !table.empty() && shown) fmt::print("\n{}", table);
  if (!arguments.json.empty()) {
    const EvaluationFacts facts{.release = kRelease,
                                .weights = arguments.weights,
                                .weights_sha256 = {},
                                .dataset = arguments.dataset,
                                .dataset_sha256 = {},
                                .model = arguments.model,
                                .command = command_line(),
                                .microbatch = arguments.microbatch,
                                .threads = arguments.threads,
                                .wall_s = progress.elapsed().count(),
                                .complete = *ended};
    if (const auto json = write_json(arguments, rows, facts); !json) return json.error();
  }
  if (!*ended)
    return Error{
        fmt::format("interrupted: {} holds the {} rows that were complete", arguments.out, rows.size())};
  return {};
}

int run(const EvalArguments& arguments) {
  if (const auto warning = blas_warning(prepare_blas()); !warning.empty()) log_warning("{}", warning);
  const auto done = eval(arguments);
  if (done) return 0;
  log_error("{}", done.error().message);
  return static_cast<int>(done.error().code);
}

void add_what(CLI::App& command, EvalArguments& arguments) {
  command.add_option("--model", arguments.model, fmt::format("one of {}", fmt::join(model_names(), ", ")))
      ->required();
  command.add_option("--weights", arguments.weights, "safetensors file of that model")->required();
  command
      .add_option("--dataset", arguments.dataset,
                  "labelled images, as a scenario's workload.dataset: image-folder:PATH/labels.csv, "
                  "features:FILE.safetensors or tokens:FILE.safetensors")
      ->required();
  add_normalisation_option(command, arguments.normalisation);
  command.add_option("--images", arguments.images, "evaluate the first N only (default: all)");
  command
      .add_option("--codec", arguments.codecs,
                  fmt::format("any of {}; naive is uniform. fp32 is evaluated in any case, as codec none",
                              fmt::join(codec_names(), ", ")))
      ->delimiter(',');
  command.add_option("--scope", arguments.scopes, "what shares a range: image, token, tensor")
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--bits", arguments.bits,
                  "bits per value, real numbers where the codec has a continuous rate; a codec of fixed "
                  "widths takes the widest that fits, and each width once")
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--cuts", arguments.cuts,
                  "after which sub-layers: all-blocks (every block output but the last), all, 24, or 24+36 "
                  "for both at once")
      ->delimiter(',')
      ->capture_default_str();
  command.add_flag("--together", arguments.together, "quantize all the cuts at once: one row for all");
}

void add_how(CLI::App& command, EvalArguments& arguments) {
  command
      .add_option("--out", arguments.out,
                  "CSV, a row as soon as it is complete; - is stdout, and nothing else there")
      ->required();
  command.add_option("--json", arguments.json,
                     "also this file: top-5, intervals, bytes, hashes of weights and labels, command");
  command
      .add_option("--calibration", arguments.calibration,
                  "folder that millrace-node calibrate wrote for klt (from other images than these)")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  command.add_option("--microbatch", arguments.microbatch, "images encoded together")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxImagesPerMicrobatch));
  command.add_option("--threads", arguments.threads, "processors to use")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command
      .add_option("--memory", arguments.memory_mib,
                  "MiB of activations to keep; with less, more is computed again")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  command.add_option("--seed", arguments.seed, "of random weights")->capture_default_str();
  command.add_flag("--quiet", arguments.quiet, "no table, no progress");
}

}  // namespace

Verb add_eval_verb(CLI::App& program) {
  auto arguments = std::make_shared<EvalArguments>();
  auto& command =
      *program.add_subcommand("eval", "accuracy of a model whose cuts are quantized, on labelled images");
  add_what(command, *arguments);
  add_how(command, *arguments);
  command.footer(fmt::format(
      "Writes the columns {}: one row for each codec, scope, width and cut.\n\nExample, two codecs at three "
      "widths and two cuts:\n  millrace-node eval --model vit-tiny --weights vit_tiny.safetensors --dataset "
      "image-folder:val/labels.csv \\\n    --codec naive,ds-aciq --bits 2,4,8 --cuts 24,36 --out "
      "accuracy.csv\n"
      "and the picture of it:\n  analysis/accuracy.py accuracy.csv",
      kEvaluationColumns));
  return {&command, [arguments] { return run(*arguments); }};
}

}  // namespace millrace
