#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/figure_text.hpp"
#include "runtime/base/interrupt.hpp"
#include "runtime/base/live_line.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/base/version.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/profiler.hpp"

namespace millrace {
namespace {

struct ProfileArguments {
  std::string model = "vit-base", weights = "random", device, out;
  std::vector<int> microbatches{1, 4, 8};
  std::vector<std::string> codecs;
  int repeats = 5, threads = 1;
  bool quiet = false;
};

std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "this machine";
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

double largest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

std::string table(const ProfileFile& file, const ModelConfig& model) {
  const auto& measured = file.models.front();
  std::string out = fmt::format("{} on {}: {} of weights\n\n", model.name, file.device,
                                memory_text(sum(measured.weight_bytes)));
  out += fmt::format("{:>10} {:>14} {:>10} {:>10} {:>10} {:>26}\n", "microbatch", "s/microbatch", "images/s",
                     "ms/image", "GFLOP/s", "largest working set");
  for (const auto& size : measured.measured) {
    const double seconds = sum(size.seconds), images = size.microbatch;
    const double flops = flops_per_image(model, {1, model.sub_layers()}) * images;
    const std::string working =
        size.working_bytes.empty() ? "unknown" : memory_text(largest(size.working_bytes));
    out +=
        fmt::format("{:>10} {:>14} {:>10} {:>10} {:>10} {:>26}\n", size.microbatch, figure_text(seconds, 4),
                    figure_text(images / seconds, 3), figure_text(seconds / images * 1e3, 2),
                    figure_text(flops / seconds / 1e9, 1), working);
  }
  out += fmt::format("\n{:>10} {:>14} {:>14}\n", "codec", "encode ns", "decode ns   (per value)");
  for (const auto& [name, cost] : file.codecs)
    out +=
        fmt::format("{:>10} {:>14.3f} {:>14.3f}\n", name, cost.encode_ns_per_value, cost.decode_ns_per_value);
  return out;
}

// Time that other processes take from the processors would make this device look slower than it is.
void warn_of_load(int threads) {
  double load = 0;
  const double processors = std::thread::hardware_concurrency();
  if (::getloadavg(&load, 1) != 1 || processors < 1 || load + threads <= processors + 0.5) return;
  log_warning(
      "{:.1f} of {:.0f} processors were busy in the last minute: times will be too long; measure again "
      "when the machine is idle",
      load, processors);
}

int fail(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

int profile(const ProfileArguments& arguments) {
  const auto model = model_by_name(arguments.model);
  if (!model) return fail(model.error());
  const std::string path = arguments.out.empty() ? "profile-" + model->name + ".yaml" : arguments.out;
  if (const auto possible = check_output(path); !possible)  // before minutes are spent
    return fail({possible.error().message + "; choose another --out", ExitCode::usage});
  const Blas& blas = prepare_blas();
  if (const auto warning = blas_warning(blas); !warning.empty()) log_warning("{}", warning);
  catch_interrupts();
  warn_of_load(arguments.threads);
  LiveLine line({.first = {}, .elsewhere = std::chrono::hours(24)}, arguments.quiet);
  int last_tenth = -1;
  ProfilingRequest request{.model = *model,
                           .weights = arguments.weights,
                           .microbatches = arguments.microbatches,
                           .repeats = arguments.repeats,
                           .threads = arguments.threads,
                           .codecs = arguments.codecs};
  request.device = arguments.device.empty() ? processor_name() : arguments.device;
  request.source = fmt::format(
      "measured by millrace-node {} profile: median of {}, {} thread{}, {}, weights {}", kRelease,
      arguments.repeats, arguments.threads, arguments.threads == 1 ? "" : "s", blas.name, arguments.weights);
  request.watch = [&](const ProfilingProgress& progress) {
    const int tenth = static_cast<int>(progress.share * 10);
    // In a file, a line for each tenth of the work.
    if (line.due() || (!line.terminal() && tenth != last_tenth))
      line.show(fmt::format("profile: {:.0f} %, {}", progress.share * 100, progress.what));
    last_tenth = tenth;
    return !interrupt_requested();
  };
  const auto file = measure_profile(request);
  line.end();
  if (!file) return fail(file.error());
  if (const auto written = write_output(path, profile_text(*file)); !written) return fail(written.error());
  const bool alone = is_standard_output(path);
  fmt::print(alone ? stderr : stdout, "{}", table(*file, *model));
  if (!alone) fmt::print(stderr, "profile: {}\n", path);
  return std::fflush(stdout) == 0 ? 0 : static_cast<int>(ExitCode::run_failed);
}

}  // namespace

Verb add_profile_verb(CLI::App& program) {
  auto arguments = std::make_shared<ProfileArguments>();
  auto& command = *program.add_subcommand(
      "profile", "measure this machine: time and memory per sub-layer, codec costs; writes a device profile");
  command.add_option("--model", arguments->model, "the model to measure")->capture_default_str();
  command.add_option("--weights", arguments->weights, "random, or a safetensors file")->capture_default_str();
  command.add_option("--microbatch", arguments->microbatches, "images per microbatch, e.g. 1,4,8")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--repeats", arguments->repeats, "measurements; the profile gets their median")
      ->capture_default_str();
  command.add_option("--threads", arguments->threads, "threads that share a microbatch's images")
      ->capture_default_str();
  command
      .add_option("--codecs", arguments->codecs,
                  "codecs to measure, e.g. fp16,uniform (default: all for activations)")
      ->delimiter(',');
  command.add_option("--device", arguments->device, "this machine's name in the profile");
  command.add_option("--out", arguments->out, "the profile (default: profile-MODEL.yaml); - is stdout")
      ->type_name("FILE");
  command.add_flag("--quiet", arguments->quiet, "no progress on stderr");
  command.footer(
      "Run it on an otherwise idle device. A scenario uses the file as `devices: [{name: board, profile: "
      "FILE}]`;\n"
      "its format is in runtime/model/device_profile.hpp.\n\n"
      "Example:\n  millrace-node profile --model vit-base --microbatch 1,8 --threads 4 --device \"board A\" "
      "--out board-a.yaml");
  return {&command, [arguments] { return profile(*arguments); }};
}

}  // namespace millrace
