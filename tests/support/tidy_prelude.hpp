// Only clang-tidy includes this file, before all others (see .clang-tidy). clang 14 cannot read
// LibTorch 1.13 as C++20: its std::vector of the still incomplete c10::IValue is instantiated too early where
// vector is constexpr. So <vector> is included here without constexpr, as in C++17. g++ does not need this.
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
