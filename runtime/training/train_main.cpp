// millrace-train: makes the weights of a small vision transformer from the `shapes` images, so that the
// source tree contains a model whose accuracy can be measured.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/base/version.hpp"
#include "runtime/dataset/shapes_dataset.hpp"
#include "runtime/training/vit_trainer.hpp"

namespace {

using namespace millrace;

struct Arguments {
  std::string model = "vit-mini", out, from;
  std::uint64_t seed = 1;
  TrainingPlan plan;
  std::int64_t look_every = 500;
  std::uint64_t validation = 2048;
  bool gentle = false;
};

class Training {
 public:
  // Both must outlive the object.
  Training(const Arguments& arguments, VitTrainer& trainer) : arguments_(arguments), trainer_(trainer) {}

  Result<void> run(const ImageDataset& images, const ImageDataset& validation) {
    while (trainer_.steps() < arguments_.plan.steps && !interrupt_requested()) {
      const auto score = trainer_.step(images);
      if (!score) return score.error();
      recent_.images += score->images;
      recent_.right += score->right;
      recent_.loss += score->loss * static_cast<double>(score->images);
      const bool last = trainer_.steps() == arguments_.plan.steps || interrupt_requested();
      if (last || trainer_.steps() % arguments_.look_every == 0) {
        if (auto looked = look(validation); !looked) return looked;
      }
    }
    return {};
  }

 private:
  // Validates, logs the progress, and writes the weights if they are the best so far.
  Result<void> look(const ImageDataset& validation) {
    const auto score = trainer_.score(validation, arguments_.validation);
    if (!score) return score.error();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const double share = static_cast<double>(trainer_.steps()) / static_cast<double>(arguments_.plan.steps);
    log_note(
        "step {}/{}: training loss {:.3f}, {:.1f} % right; validation loss {:.3f}, {:.2f} % right; {:.0f} s, "
        "{:.0f} s to go",
        trainer_.steps(), arguments_.plan.steps, recent_.loss / static_cast<double>(recent_.images),
        100 * recent_.accuracy(), score->loss, 100 * score->accuracy(), seconds, seconds / share - seconds);
    recent_ = {};
    if (score->right < best_) return {};
    best_ = score->right;
    const std::map<std::string, std::string> metadata{
        {"made_by", fmt::format("millrace-train {}", kRelease)},
        {"model", arguments_.model},
        {"dataset", arguments_.gentle ? "shapes, gentle" : "shapes"},
        {"seed", std::to_string(arguments_.seed)},
        {"steps", fmt::format("{} of {}", trainer_.steps(), arguments_.plan.steps)},
        {"batch", std::to_string(arguments_.plan.batch)},
        {"validation", fmt::format("{} of {} right", score->right, score->images)}};
    return write_output(arguments_.out, half_safetensors(trainer_.weights(), metadata));
  }

  const Arguments& arguments_;
  VitTrainer& trainer_;
  Score recent_;  // loss: a sum
  std::uint64_t best_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Result<void> train(const Arguments& arguments) {
  const auto model = model_by_name(arguments.model);
  if (!model) return model.error().in("--model");
  const auto difficulty = arguments.gentle ? ShapeDifficulty::gentle : ShapeDifficulty::full;
  const auto images = shapes_dataset(*model, arguments.seed, ShapeSplit::training, difficulty);
  if (!images) return images.error();
  const auto validation = shapes_dataset(*model, arguments.seed, ShapeSplit::validation, difficulty);
  if (!validation) return validation.error();
  std::unique_ptr<WeightSource> start;
  if (!arguments.from.empty()) {
    auto opened = open_weights(arguments.from, *model);
    if (!opened) return opened.error().in("--from");
    start = *std::move(opened);
  }
  auto trainer = VitTrainer::create(*model, arguments.plan, arguments.seed, start.get());
  if (!trainer) return trainer.error();
  Training training(arguments, *trainer);
  if (auto trained = training.run(**images, **validation); !trained) return trained;
  if (interrupt_requested())
    return Error{fmt::format("interrupted at step {} of {}; the best weights so far are in {}",
                             trainer->steps(), arguments.plan.steps, arguments.out)};
  log_note("the weights are in {}", arguments.out);
  return {};
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", std::string("millrace-train ") + kRelease);
  app.add_option("--out", arguments.out, "safetensors file to write (F16, timm's names)")->required();
  app.add_option("--model", arguments.model, "a model of millrace by name")->capture_default_str();
  app.add_option("--from", arguments.from, "weights to start from, instead of fresh ones")
      ->check(CLI::ExistingFile);
  app.add_flag("--gentle", arguments.gentle, "easier images: fresh weights learn far sooner from them");
  app.add_option("--seed", arguments.seed, "of images and fresh weights")->capture_default_str();
  app.add_option("--steps", arguments.plan.steps, "how many times the weights are changed")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}));
  app.add_option("--batch", arguments.plan.batch, "new images for each step")
      ->capture_default_str()
      ->check(CLI::Range(1, 65'536));
  app.add_option("--rate", arguments.plan.learning_rate, "learning rate after the warm-up")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--weight-decay", arguments.plan.weight_decay, "of the matrices")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--threads", arguments.plan.threads, "share a step; the result does not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--look-every", arguments.look_every, "steps between looks at the validation images")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}));
  app.add_option("--validation", arguments.validation, "images looked at each time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "millrace-train: trains a small vision transformer on the procedural `shapes` images.\n\nEvery step "
      "sees new images, so none can be memorised. At every look the weights that are best "
      "on\nthe "
      "validation images so far are written; Ctrl-C looks once more and ends. The images that scenarios use "
      "are\nused neither for training nor for validation.\n"};
  app.footer(
      "Example, how the weights in scenarios/models were made:\n"
      "  millrace-train --gentle --steps 5000 --batch 64 --rate 1.5e-3 --out gentle.safetensors\n"
      "  millrace-train --from gentle.safetensors --steps 1600 --batch 64 --rate 1e-3 --out "
      "vit-mini.safetensors");
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  catch_interrupts();
  int code = static_cast<int>(ExitCode::run_failed);
  try {
    const auto trained = train(arguments);
    if (!trained) log_error("{}", trained.error().message);
    code = trained ? 0 : static_cast<int>(trained.error().code);
  } catch (const std::exception& thrown) {
    log_error("{}", thrown.what());
  }
  end_as_interrupted();
  return code;
}
