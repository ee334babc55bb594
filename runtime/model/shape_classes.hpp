// The number of labels of the dataset `shapes`: a model needs at least as many outputs. Scenarios are
// checked for this before anything is opened; the images themselves are made in
// runtime/dataset/shapes_dataset.hpp.
#pragma once

#include <cstdint>

namespace millrace {

inline constexpr std::uint32_t kShapeClasses = 12;

}  // namespace millrace
