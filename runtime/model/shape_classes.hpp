// How many labels the dataset `shapes` has: a model needs as many outputs at least. Scenarios are checked for
// it before anything is opened; the images themselves are made in runtime/dataset/shapes_dataset.hpp.
#pragma once

#include <cstdint>

namespace millrace {

inline constexpr std::uint32_t kShapeClasses = 12;

}  // namespace millrace
