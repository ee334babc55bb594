// Wall-clock: stages in one process compute side by side, with no lock of BLAS or LibTorch between them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>

#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

// The speed-up of two pieces of work on two threads over one after the other: 1 to 2.
double speed_up(const std::function<void()>& a, const std::function<void()>& b) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  a();
  b();
  const auto turned = Clock::now();
  std::thread other(b);
  a();
  other.join();
  return std::chrono::duration<double>(turned - start) / std::chrono::duration<double>(Clock::now() - turned);
}

void spin() {
  volatile std::uint64_t x = 1;
  for (int i = 0; i < 30'000'000; ++i) x = x + 3;
}

// The best of several tries of `measured`. Other processes share the machine: a try counts only if plain
// arithmetic had two processors just before and just after it. Empty if too few tries counted.
std::optional<double> best_of_fair_tries(const std::function<double()>& measured) {
  const auto fair = [] { return speed_up(spin, spin) > 1.7; };
  double best = 0;
  int tries = 0;
  for (int attempt = 0; attempt < 40 && best < 1.6; ++attempt) {
    if (!fair()) continue;
    const double found = measured();
    if (!fair()) continue;
    ++tries;
    best = std::max(best, found);
  }
  return tries >= 3 || best >= 1.6 ? std::optional(best) : std::nullopt;
}

TEST(Concurrency, TwoStagesComputeAtTheSameTime) {
  const ModelConfig model = *model_by_name("vit-tiny");
  const CutTensors images = synthetic_images(model, 4);
  const Stage a = stage_of(model, {1, 48}), b = stage_of(model, {1, 48});
  const auto best = best_of_fair_tries(
      [&] { return speed_up([&] { (void)forward(a, images); }, [&] { (void)forward(b, images); }); });
  if (!best) GTEST_SKIP() << "two processors are not free for this test now";
  std::cout << "two stages on two threads: " << *best << " times the speed of one after the other\n";
  EXPECT_GT(*best, 1.6);  // serialised stages would give 1
}

TEST(Concurrency, TwoThreadsOfOneStageShareTheImages) {
  const ModelConfig model = *model_by_name("vit-tiny");
  const CutTensors images = synthetic_images(model, 8);
  const Stage one = stage_of(model, {1, 48}), two = stage_of(model, {1, 48}, 2);
  const auto best = best_of_fair_tries([&] {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    (void)forward(one, images);
    const auto turned = Clock::now();
    (void)forward(two, images);
    return std::chrono::duration<double>(turned - start) /
           std::chrono::duration<double>(Clock::now() - turned);
  });
  if (!best) GTEST_SKIP() << "two processors are not free for this test now";
  std::cout << "two threads of one stage: " << *best << " times the speed of one\n";
  EXPECT_GT(*best, 1.6);
}

}  // namespace
}  // namespace millrace
