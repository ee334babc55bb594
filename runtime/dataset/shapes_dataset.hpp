// `shapes`: labelled images without files. Image N shows one of 12 shapes in a random place, pose, size and
// colour on a shaded background, among clutter, partly covered, with noise. The label is the shape. Only
// + - * / and square roots are used: the same pixels on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "runtime/dataset/dataset.hpp"
#include "runtime/model/shape_classes.hpp"

namespace millrace {

// "disc", "ring", … REQUIRES label < kShapeClasses.
std::string_view shape_name(std::uint32_t label);

// Image N of a split is drawn from Random(seed, "shapes/<split>/N"), so no image is in two splits, whatever
// the seeds. Scenarios use `held_out`; a trainer learns from `training` and selects by `validation`.
enum class ShapeSplit : std::uint8_t { held_out, training, validation };

// Scenarios use `full` images. Fresh weights learn far sooner from `gentle` images, which have more contrast
// and less tilt, noise and clutter.
enum class ShapeDifficulty : std::uint8_t { full, gentle };

// An endless dataset for any image size. A model with fewer classes than there are shapes, or of a family
// other than vit, is an error.
Result<std::unique_ptr<ImageDataset>> shapes_dataset(const ModelConfig& model, std::uint64_t seed,
                                                     ShapeSplit split = ShapeSplit::held_out,
                                                     ShapeDifficulty difficulty = ShapeDifficulty::full);

}  // namespace millrace
