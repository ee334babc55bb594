#include "runtime/dataset/shapes_dataset.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "runtime/base/random.hpp"

namespace millrace {

namespace {

// A point in a shape's own coordinates: the shape lies within the unit circle.
struct Point {
  double u, v;
  double radius2() const { return u * u + v * v; }
};

bool in_disc(Point p) { return p.radius2() < 0.8; }
bool in_ring(Point p) { return p.radius2() < 0.95 && p.radius2() > 0.3; }
bool in_half_disc(Point p) { return p.radius2() < 1 && p.v > -0.1; }
bool in_crescent(Point p) { return p.radius2() < 1 && (p.u - 0.45) * (p.u - 0.45) + p.v * p.v > 0.64; }
bool in_triangle(Point p) {
  constexpr double kSqrt3 = 1.7320508075688772;
  return p.v > -0.5 && kSqrt3 * p.u + p.v < 1 && -kSqrt3 * p.u + p.v < 1;
}
bool in_square(Point p) { return std::abs(p.u) < 0.72 && std::abs(p.v) < 0.72; }
bool in_frame(Point p) {
  const double reach = std::max(std::abs(p.u), std::abs(p.v));
  return reach < 0.78 && reach > 0.46;
}
bool in_cross(Point p) {
  return std::max(std::abs(p.u), std::abs(p.v)) < 0.95 && std::min(std::abs(p.u), std::abs(p.v)) < 0.28;
}
// A pentagram: on the inner side of at least four of the five lines through its edges.
bool in_star(Point p) {
  constexpr double kCos72 = 0.30901699437494745, kSin72 = 0.9510565162951535;
  constexpr double kCos36 = 0.8090169943749475, kSin36 = 0.5877852522924731;
  constexpr std::array<Point, 5> kNormals{
      {{0, -1}, {kSin72, -kCos72}, {kSin36, kCos36}, {-kSin36, kCos36}, {-kSin72, -kCos72}}};
  int inside = 0;
  for (const Point& normal : kNormals) inside += normal.u * p.u + normal.v * p.v < kCos72 ? 1 : 0;
  return inside >= 4;
}
bool in_corner(Point p) {
  return std::max(std::abs(p.u), std::abs(p.v)) < 0.78 && std::min(p.u, p.v) < -0.22;
}
bool in_bars(Point p) { return std::abs(p.v) < 0.8 && std::abs(p.u) < 0.58 && std::abs(p.u) > 0.2; }
bool in_dumbbell(Point p) {
  const double from_end = std::abs(p.u) - 0.62;
  return from_end * from_end + p.v * p.v < 0.13 || (std::abs(p.u) < 0.62 && std::abs(p.v) < 0.13);
}

struct Shape {
  std::string_view name;
  bool (*contains)(Point);
};
constexpr std::array<Shape, kShapeClasses> kShapes{{{"disc", in_disc},
                                                    {"ring", in_ring},
                                                    {"half-disc", in_half_disc},
                                                    {"crescent", in_crescent},
                                                    {"triangle", in_triangle},
                                                    {"square", in_square},
                                                    {"frame", in_frame},
                                                    {"cross", in_cross},
                                                    {"star", in_star},
                                                    {"corner", in_corner},
                                                    {"bars", in_bars},
                                                    {"dumbbell", in_dumbbell}}};

constexpr int kMaxChannels = 16;  // as in check_model()
using Colour = std::array<double, kMaxChannels>;

struct Style {
  double darkest_figure, brightest_clutter;  // of 255
  double tilt;                               // largest tangent
  double least_radius, most_radius;          // in units of the image's side
  double least_noise, most_noise;            // of 255
  std::uint64_t most_clutter;
  std::uint64_t covered;  // one image in `covered` has a bar or dot in front of its shape
};
constexpr Style kFull{120, 230, 1.0, 0.19, 0.36, 20, 85, 6, 1};
constexpr Style kGentle{150, 200, 0.6, 0.22, 0.38, 5, 40, 3, 2};

class Painter {
 public:
  // `style` and `random` must outlive the painter.
  Painter(const ModelConfig& model, const Style& style, Random& random)
      : style_(style), random_(random), size_(model.image_size), channels_(model.channels) {
    canvas_.resize(static_cast<std::size_t>(model.input_values()));
  }

  void shape(const Shape& shape) {
    background();
    const auto count = random_.below(style_.most_clutter + 1);
    for (std::uint64_t i = 0; i < count; ++i) clutter(between(0.03, 0.08));
    Figure figure{shape.contains, colour(style_.darkest_figure, 255), between(0.34, 0.66),
                  between(0.34, 0.66)};
    figure.radius = between(style_.least_radius, style_.most_radius);
    figure.squeeze = between(0.8, 1);
    turn(figure, {1, between(-style_.tilt, style_.tilt)});
    paint(figure);
    if (random_.below(style_.covered) == 0) clutter(between(0.02, 0.04));  // in front
    noise();
  }

  void copy_to(std::span<std::uint8_t> out) const {
    std::transform(canvas_.begin(), canvas_.end(), out.begin(),
                   [](double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)); });
  }

 private:
  // In units of the image's side.
  struct Figure {
    bool (*contains)(Point);
    Colour colour;
    double x, y;
    double radius = 0;   // of the shape's unit circle
    double squeeze = 1;  // of v against u
    double cos = 1, sin = 0;
  };

  double between(double low, double high) { return low + (high - low) * random_.uniform(); }

  Colour colour(double low, double high) {
    Colour drawn{};
    for (int c = 0; c < channels_; ++c) drawn[static_cast<std::size_t>(c)] = between(low, high);
    return drawn;
  }

  // Turns the figure without sine and cosine, which differ between machines.
  static void turn(Figure& figure, Point direction) {
    const double length = std::sqrt(direction.radius2());
    figure.cos = direction.u / length;
    figure.sin = direction.v / length;
  }

  void background() {
    const Colour middle = colour(20, 110);
    double* value = canvas_.data();
    for (int c = 0; c < channels_; ++c) {
      const double across = between(-50, 50), down = between(-50, 50);
      for (int y = 0; y < size_; ++y) {
        for (int x = 0; x < size_; ++x)
          *value++ = middle[static_cast<std::size_t>(c)] + across * (at(x) - 0.5) + down * (at(y) - 0.5);
      }
    }
  }

  // A bar of this half-width, or a small disc.
  void clutter(double thickness) {
    constexpr auto kBar = [](Point p) { return std::abs(p.u) < 1 && std::abs(p.v) < 1; };
    constexpr auto kDot = [](Point p) { return p.radius2() < 1; };
    const bool bar = random_.below(3) > 0;
    Figure figure{bar ? +kBar : +kDot, colour(20, style_.brightest_clutter), between(0, 1), between(0, 1)};
    figure.radius = bar ? between(0.15, 0.5) : 1.3 * thickness;
    figure.squeeze = bar ? thickness / figure.radius : 1;
    turn(figure, {between(0.01, 1), between(-1, 1)});
    paint(figure);
  }

  // The position of the centre of a pixel, or of a part of one.
  double at(double pixel) const { return (pixel + 0.5) / size_; }

  // Each pixel takes the figure's colour by the share of it that is covered, from 3 x 3 samples.
  void paint(const Figure& figure) {
    const double reach = 1.5 * figure.radius + 1.0 / size_;  // the corner of a bar is sqrt(2) away
    const auto bound = [&](double position) {
      return static_cast<int>(std::clamp(position * size_, 0.0, static_cast<double>(size_)));
    };
    for (int y = bound(figure.y - reach); y < bound(figure.y + reach + 1.0 / size_); ++y) {
      for (int x = bound(figure.x - reach); x < bound(figure.x + reach + 1.0 / size_); ++x) {
        int hits = 0;
        for (int sample = 0; sample < 9; ++sample) {
          const int right = sample % 3 - 1, down = sample / 3 - 1;
          const double dx = at(x + right / 3.0) - figure.x;
          const double dy = at(y + down / 3.0) - figure.y;
          const Point own{(figure.cos * dx + figure.sin * dy) / figure.radius,
                          (figure.cos * dy - figure.sin * dx) / (figure.radius * figure.squeeze)};
          hits += figure.contains(own) ? 1 : 0;
        }
        if (hits > 0) blend(x, y, hits / 9.0, figure.colour);
      }
    }
  }

  void blend(int x, int y, double share, const Colour& colour) {
    for (int c = 0; c < channels_; ++c) {
      const auto at =
          (static_cast<std::size_t>(c) * static_cast<std::size_t>(size_) + static_cast<std::size_t>(y)) *
              static_cast<std::size_t>(size_) +
          static_cast<std::size_t>(x);
      canvas_[at] += share * (colour[static_cast<std::size_t>(c)] - canvas_[at]);
    }
  }

  void noise() {
    const double amplitude = between(style_.least_noise, style_.most_noise);
    for (double& value : canvas_) value += amplitude * (random_.uniform() + random_.uniform() - 1);
  }

  const Style& style_;
  Random& random_;
  int size_, channels_;
  std::vector<double> canvas_;
};

class ShapesDataset final : public ImageDataset {
 public:
  ShapesDataset(const ModelConfig& model, std::uint64_t seed, std::string stream, const Style& style)
      : model_(model), seed_(seed), stream_(std::move(stream)), style_(style) {}

  Result<void> read_pixels(std::uint64_t image, std::span<std::uint8_t> out) const override {
    MR_CHECK(out.size() == static_cast<std::size_t>(model_.input_values()));
    Random random = random_of(image);
    const auto& shape = kShapes[random.below(kShapeClasses)];
    Painter painter(model_, style_, random);
    painter.shape(shape);
    painter.copy_to(out);
    return {};
  }
  std::optional<std::uint32_t> label(std::uint64_t image) const override {
    return static_cast<std::uint32_t>(random_of(image).below(kShapeClasses));
  }

 private:
  Random random_of(std::uint64_t image) const { return {seed_, fmt::format("{}/{}", stream_, image)}; }

  ModelConfig model_;
  std::uint64_t seed_;
  std::string stream_;
  Style style_;
};

std::string stream_of(ShapeSplit split) {
  switch (split) {
    case ShapeSplit::training:
      return "shapes/training";
    case ShapeSplit::validation:
      return "shapes/validation";
    default:
      return "shapes/held-out";
  }
}

}  // namespace

std::string_view shape_name(std::uint32_t label) {
  MR_CHECK(label < kShapeClasses);
  return kShapes[label].name;
}

Result<std::unique_ptr<ImageDataset>> shapes_dataset(const ModelConfig& model, std::uint64_t seed,
                                                     ShapeSplit split, ShapeDifficulty difficulty) {
  if (model.family != ModelFamily::vit)
    return Error{fmt::format("dataset shapes has images, {} is of the {} family", model.name,
                             family_name(model.family)),
                 ExitCode::invalid_input};
  if (model.classes < static_cast<int>(kShapeClasses))
    return Error{fmt::format("dataset shapes has {} classes, the model tells only {} apart", kShapeClasses,
                             model.classes),
                 ExitCode::invalid_input};
  return std::unique_ptr<ImageDataset>(std::make_unique<ShapesDataset>(
      model, seed, stream_of(split), difficulty == ShapeDifficulty::gentle ? kGentle : kFull));
}

}  // namespace millrace
