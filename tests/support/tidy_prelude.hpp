// Read before anything else by clang-tidy, and only by it (see .clang-tidy). clang 14 cannot read
// LibTorch 1.13 as C++20: its std::vector of the still incomplete c10::IValue is instantiated too early where
// vector is constexpr. So <vector> is read here without constexpr, as in C++17. g++ needs none of this.
#pragma once

#include <memory>
#include <string>

// NOLINTBEGIN(bugprone-reserved-identifier)
#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 __fill_a1_of_tidy  // declared constexpr elsewhere
#include <vector>
#undef __fill_a1
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
// NOLINTEND(bugprone-reserved-identifier)
