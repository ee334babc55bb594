#include "runtime/dataset/synthetic_dataset.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "runtime/base/random.hpp"

namespace millrace {

namespace {

// Only + - * / are used below: the same pixels on every machine.

// A soft wave of period 1 between -1 and 1, in place of a sine.
double wave(double x) {
  const auto whole = static_cast<double>(static_cast<std::int64_t>(x));
  const double phase = x - whole;  // x >= 0
  const double triangle = phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase;
  return triangle * (1.5 - 0.5 * triangle * triangle);
}

struct Blob {
  double x, y, radius, height;
};
struct Wave {
  double across, down, phase, height;
};
struct Pattern {
  double base, across, down;
  std::array<Wave, 2> waves;
  std::array<Blob, 3> blobs;

  explicit Pattern(Random& random) {
    const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
    base = between(40, 215);
    across = between(-80, 80);
    down = between(-80, 80);
    for (Wave& w : waves) w = {between(0, 12), between(0, 12), between(0, 1), between(5, 40)};
    for (Blob& b : blobs) b = {between(0, 1), between(0, 1), between(0.05, 0.35), between(-120, 120)};
  }

  // x and y in [0, 1).
  double at(double x, double y) const {
    double value = base + across * (x - 0.5) + down * (y - 0.5);
    for (const Wave& w : waves) value += w.height * wave(w.across * x + w.down * y + w.phase);
    for (const Blob& b : blobs) {
      const double distance2 = (x - b.x) * (x - b.x) + (y - b.y) * (y - b.y);
      value += b.height / (1 + distance2 / (b.radius * b.radius));
    }
    return value;
  }
};

class SyntheticDataset final : public ImageDataset {
 public:
  SyntheticDataset(const ModelConfig& model, std::uint64_t seed) : model_(model), seed_(seed) {}

  Result<void> read_pixels(std::uint64_t image, std::span<std::uint8_t> out) const override {
    MR_CHECK(out.size() == static_cast<std::size_t>(model_.input_values()));
    Random random(seed_, fmt::format("image/{}", image));
    const int size = model_.image_size;
    auto* pixel = out.data();
    for (int channel = 0; channel < model_.channels; ++channel) {
      const Pattern pattern(random);
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
          const double value = pattern.at(static_cast<double>(x) / size, static_cast<double>(y) / size);
          *pixel++ = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
        }
      }
    }
    return {};
  }

 private:
  ModelConfig model_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Dataset> synthetic_dataset(const ModelConfig& model, std::uint64_t seed) {
  return std::make_unique<SyntheticDataset>(model, seed);
}

}  // namespace millrace
