#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/cli/model_option.hpp"
#include "runtime/cli/verb.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/calibrate.hpp"

namespace millrace {
namespace {

struct CalibrateArguments {
  std::string model, out, normalisation;
  CalibrateRequest request;
};

constexpr const char* kHelp =
    "Calibrates codec klt for the given cuts: one side file per cut, cut-004.klt and so on. A "
    "scenario "
    "names their folder as policy.quantization.calibration; every node of a run needs the same files. Labels "
    "are not used; some 100 images are enough, of the kind the model will see. Report accuracies on "
    "other images.\n\nExample, after blocks 3, 6 and 9 of 12:\n"
    "  millrace-node calibrate --model vit-tiny --weights vit_tiny.safetensors \\\n"
    "    --dataset image-folder:images/labels.csv --images 128 --cuts 12,24,36 --out calibration";

int fail(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

int run(const CalibrateArguments& arguments) {
  CalibrateRequest request = arguments.request;
  const auto model = model_of(arguments.model, arguments.normalisation);
  if (!model) return fail(model.error());
  request.model = *model;
  std::error_code failed;
  std::filesystem::create_directories(arguments.out, failed);
  if (failed) return fail({fmt::format("--out {}: cannot be made: {}", arguments.out, failed.message())});
  if (const auto warning = blas_warning(prepare_blas()); !warning.empty()) log_warning("{}", warning);
  catch_interrupts();
  auto last = std::chrono::steady_clock::now();
  const auto made = calibrate(request, [&](std::uint64_t images) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last >= std::chrono::seconds(2) || images >= request.images) {
      last = now;
      log_note("{} of {} images", images, request.images);
    }
    return !interrupt_requested();
  });
  if (!made) return fail(made.error());
  for (const CutCalibration& calibration : *made) {
    const auto path = write_calibration(arguments.out, calibration);
    if (!path) return fail(path.error());
    fmt::print("{}  sha256 {}\n", *path, calibration.sha256);
  }
  return 0;
}

}  // namespace

Verb add_calibrate_verb(CLI::App& program) {
  auto arguments = std::make_shared<CalibrateArguments>();
  auto& request = arguments->request;
  auto& command = *program.add_subcommand("calibrate", "calibrate codec klt for the cuts of a model");
  command.footer(kHelp);
  command.add_option("--model", arguments->model, "vit-tiny, vit-base, ...")->required();
  command.add_option("--weights", request.weights, "safetensors file, or random")->required();
  command.add_option("--dataset", request.dataset, "image-folder:PATH/labels.csv, or synthetic")->required();
  add_normalisation_option(command, arguments->normalisation);
  command.add_option("--images", request.images, "how many images")->capture_default_str();
  command.add_option("--first-image", request.first_image, "number of the first image, from 0")
      ->capture_default_str();
  command
      .add_option("--cuts", request.cuts,
                  "after which sub-layers, separated by commas; block b (from 0) ends at 4(b+1)")
      ->delimiter(',')
      ->required();
  command.add_option("--out", arguments->out, "folder for the side files; made if it is not there")
      ->required();
  command.add_option("--seed", request.seed, "of random weights and synthetic images")->capture_default_str();
  command.add_option("--threads", request.threads, "images computed at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  return {&command, [arguments] { return run(*arguments); }};
}

}  // namespace millrace
