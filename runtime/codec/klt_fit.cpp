#include "runtime/codec/klt_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "runtime/base/check.hpp"
#include "runtime/codec/eigen.hpp"
#include "runtime/codec/half.hpp"
#include "runtime/codec/klt_coder.hpp"

namespace millrace {

namespace {

constexpr std::int64_t kWidestBlock = 192;
constexpr int kClusterRounds = 12;
constexpr std::uint8_t kClassTokenRefinement = 3;  // bits

// The quantiles of `sorted`. The outermost are moved outwards by half their distance from the first reliable
// inner ones, as other images have more extreme values.
Distribution distribution_of(std::span<const float> sorted) {
  Distribution made;
  const auto value_at = [&](std::int32_t level) {
    const double place = level / 65536.0 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double share = place - static_cast<double>(below);
    return sorted[below] * (1 - share) + sorted[above] * share;
  };
  std::array<double, kQuantiles> at{};
  for (std::size_t i = 0; i < kQuantiles; ++i) at[i] = value_at(kLevels[i]);
  constexpr std::size_t kSure = 4, kLast = kQuantiles - 1;
  at[0] -= 0.5 * (at[kSure] - at[0]);
  at[kLast] += 0.5 * (at[kLast] - at[kLast - kSure]);
  constexpr double kLimit = kMaxQuantile - 2.0 * kQuantiles;
  for (std::size_t i = 0; i < kQuantiles; ++i)
    made.quantiles[i] =
        static_cast<std::int32_t>(std::lround(std::clamp(at[i] * (1 << kQuantileBits), -kLimit, kLimit)));
  for (std::size_t i = 1; i < kQuantiles; ++i)
    made.quantiles[i] = std::max(made.quantiles[i], made.quantiles[i - 1] + 1);
  return made;
}

// The features by which distributions are compared: some quantiles, small ones finely, large ones coarsely.
constexpr std::array<std::size_t, 7> kCompared = {4, 8, 12, 20, 28, 32, 36};
using Features = std::array<double, kCompared.size()>;
Features features_of(const Distribution& distribution) {
  constexpr double kFine = 0.1 * (1 << kQuantileBits);
  Features features{};
  for (std::size_t i = 0; i < kCompared.size(); ++i) {
    const double q = distribution.quantiles[kCompared[i]];
    features[i] = std::copysign(std::log1p(std::abs(q) / kFine), q);
  }
  return features;
}
double distance(const Features& a, const Features& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// k-means; the first clusters are runs of equal length in the order of the features' spread.
std::vector<std::uint8_t> cluster(const std::vector<Features>& features) {
  const std::size_t n = features.size(), k = std::min(n, kMaxDistributions);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return features[i][5] - features[i][1]; });
  std::vector<std::uint8_t> groups(n);
  for (std::size_t i = 0; i < n; ++i) groups[order[i]] = static_cast<std::uint8_t>(i * k / n);
  std::vector<Features> centres(k);
  for (int round = 0; round < kClusterRounds; ++round) {
    std::vector<Features> sums(k);
    std::vector<double> members(k);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < kCompared.size(); ++j) sums[groups[i]][j] += features[i][j];
      ++members[groups[i]];
    }
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t j = 0; j < kCompared.size(); ++j)
        if (members[c] > 0) centres[c][j] = sums[c][j] / members[c];
    for (std::size_t i = 0; i < n; ++i) {
      const auto nearest = std::ranges::min_element(
          centres, {}, [&](const Features& centre) { return distance(centre, features[i]); });
      groups[i] = static_cast<std::uint8_t>(nearest - centres.begin());
    }
  }
  return groups;
}

void fit_distributions(const std::vector<float>& components, std::size_t width, TensorCalibration& made) {
  const std::size_t samples = components.size() / width;
  std::vector<std::vector<float>> columns(width, std::vector<float>(samples));
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t i = 0; i < width; ++i) columns[i][s] = components[s * width + i];
  std::vector<Features> features;
  for (auto& column : columns) {
    std::ranges::sort(column);
    features.push_back(features_of(distribution_of(column)));
  }
  const auto clusters = cluster(features);
  constexpr int kNone = -1;
  std::array<int, kMaxDistributions> number{};
  number.fill(kNone);
  made.groups.resize(width);
  for (std::size_t i = 0; i < width; ++i) {
    int& own = number[clusters[i]];
    if (own == kNone) {
      own = static_cast<int>(made.distributions.size());
      std::vector<float> pooled;
      for (std::size_t j = i; j < width; ++j)
        if (clusters[j] == clusters[i]) pooled.insert(pooled.end(), columns[j].begin(), columns[j].end());
      std::ranges::sort(pooled);
      made.distributions.push_back(distribution_of(pooled));
    }
    made.groups[i] = static_cast<std::uint8_t>(own);
  }
}

}  // namespace

int rotation_block(std::int64_t width) {
  std::int64_t block = std::min(width, kWidestBlock);
  while (width % block != 0) --block;
  return static_cast<int>(block);
}

TensorFit::TensorFit(const TensorSpec& spec, std::size_t images)
    : spec_(spec),
      rows_(static_cast<std::size_t>(spec.rows)),
      width_(static_cast<std::size_t>(spec.width)),
      block_(spec.role == TensorRole::gelu ? 0 : static_cast<std::size_t>(rotation_block(spec.width))),
      stride_(std::max<std::size_t>(1, (images * rows_ + kMaxSampledRows - 1) / kMaxSampledRows)) {
  while (std::gcd(stride_, rows_) != 1) ++stride_;  // so that every row is sampled in turn
  if (block_ > 0) {
    sums_.resize(rows_ * width_);
    products_.resize(width_ * block_);
  }
}

void TensorFit::add(std::span<const float> values) {
  MR_CHECK(values.size() == rows_ * width_);
  const UnitRows unit = unit_rows(values, width_);
  scales_.insert(scales_.end(), unit.scales.begin(), unit.scales.end());
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += unit.values[i];
  if (block_ > 0) add_covariance(unit.values);
  for (std::size_t row = 0; row < rows_; ++row, ++rows_seen_) {
    if (rows_seen_ % stride_ != 0 || unit.scales[row] == kZeroScale) continue;
    sampled_.push_back(static_cast<std::uint32_t>(row));
    const auto own = std::span(unit.values).subspan(row * width_, width_);
    samples_.insert(samples_.end(), own.begin(), own.end());
  }
  ++images_;
}

void TensorFit::add_covariance(std::span<const float> unit) {
  for (std::size_t at = 0; at < unit.size(); at += block_) {
    double* const products = &products_[at % width_ * block_];
    for (std::size_t i = 0; i < block_; ++i) {
      const double x = unit[at + i];
      for (std::size_t j = i; j < block_; ++j) products[i * block_ + j] += x * unit[at + j];
    }
  }
}

std::vector<double> TensorFit::shrunk_means() const {
  const auto images = static_cast<double>(images_);
  std::vector<double> means(sums_.size()), overall(width_);
  double squares = 0, explained = 0;
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i] = sums_[i] / images;
    overall[i % width_] += means[i] / static_cast<double>(rows_);
    explained += images * means[i] * means[i];
  }
  for (std::size_t i = 0; i < width_; ++i) squares += products_[i * block_ + i % block_];
  // Variance that a row's mean would have by chance alone, summed over the channels.
  const double freedom = std::max(1.0, images - 1) * static_cast<double>(rows_);
  const double by_chance = std::max(0.0, squares - explained) / freedom / images;
  for (std::size_t row = 0; row < rows_; ++row) {
    double apart = 0;
    for (std::size_t i = 0; i < width_; ++i)
      apart += (means[row * width_ + i] - overall[i]) * (means[row * width_ + i] - overall[i]);
    const double kept = images_ < 2 || apart <= 0 ? 0.0 : std::max(0.0, 1 - by_chance / apart);
    for (std::size_t i = 0; i < width_; ++i) {
      double& mean = means[row * width_ + i];
      mean = overall[i] + kept * (mean - overall[i]);
    }
  }
  return means;
}

void TensorFit::fit_rotation(const std::vector<double>& means, TensorCalibration& made) const {
  const double rows = static_cast<double>(rows_);
  for (std::size_t b = 0; b < width_; b += block_) {
    std::vector<double> covariance(products_.begin() + static_cast<std::ptrdiff_t>(b * block_),
                                   products_.begin() + static_cast<std::ptrdiff_t>((b + block_) * block_));
    for (double& c : covariance) c /= static_cast<double>(images_) * rows;
    for (std::size_t row = 0; row < rows_; ++row)
      for (std::size_t i = 0; i < block_; ++i)
        for (std::size_t j = i; j < block_; ++j) {
          const std::size_t at_i = row * width_ + b + i, at_j = row * width_ + b + j;
          const double mean_i = sums_[at_i] / static_cast<double>(images_);
          const double mean_j = sums_[at_j] / static_cast<double>(images_);
          covariance[i * block_ + j] +=
              (means[at_i] * means[at_j] - mean_i * means[at_j] - means[at_i] * mean_j) / rows;
        }
    for (std::size_t i = 0; i < block_; ++i)
      for (std::size_t j = 0; j < i; ++j) covariance[i * block_ + j] = covariance[j * block_ + i];
    const Eigenvectors found = eigenvectors(covariance, block_);
    made.rotation.insert(made.rotation.end(), found.vectors.begin(), found.vectors.end());
  }
  made.block = static_cast<int>(block_);
  made.prepare();
  const std::vector<float> plain(means.begin(), means.end());
  made.means.resize(means.size());
  simd::multiply(plain, made.forward, made.means);
  for (float& mean : made.means) mean = float_from_half(half_from_float(mean));
}

void TensorFit::fit_scales(TensorCalibration& made) const {
  std::vector<float> apart(scales_.size());
  for (std::size_t row = 0; row < rows_; ++row) {
    double sum = 0;
    for (std::size_t i = row; i < scales_.size(); i += rows_) sum += scales_[i];
    made.scales.push_back(static_cast<std::int16_t>(std::lround(sum / static_cast<double>(images_))));
    for (std::size_t i = row; i < scales_.size(); i += rows_)
      apart[i] = static_cast<float>(scales_[i] - made.scales[row]);
  }
  std::ranges::sort(apart);
  // A whole number represents the interval around it: equal numbers are spread over that interval.
  for (std::size_t i = 0; i < apart.size();) {
    std::size_t end = i;
    const float whole = apart[i];
    while (end < apart.size() && apart[end] == whole) ++end;
    const auto equal = static_cast<float>(end - i);
    for (std::size_t j = i; j < end; ++j) apart[j] += (static_cast<float>(j - i) + 0.5F) / equal - 0.5F;
    i = end;
  }
  made.scale_distribution = distribution_of(apart);
}

std::vector<float> TensorFit::sampled_components(const TensorCalibration& made) const {
  if (block_ == 0) return samples_;
  std::vector<float> components(samples_.size());
  simd::multiply(samples_, made.forward, components);
  for (std::size_t i = 0; i < components.size(); ++i)
    components[i] -= made.means[sampled_[i / width_] * width_ + i % width_];
  return components;
}

TensorCalibration TensorFit::finish() const {
  MR_CHECK(images_ > 0);
  TensorCalibration made;
  made.role = spec_.role;
  made.rows = spec_.rows;
  made.width = spec_.width;
  made.refinements.resize(rows_);
  if (rows_ > 1) made.refinements[0] = kClassTokenRefinement;
  if (block_ > 0) fit_rotation(shrunk_means(), made);
  fit_scales(made);
  auto components = sampled_components(made);
  if (components.empty()) components.assign(width_, 0.0F);  // nothing but zero rows
  fit_distributions(components, width_, made);
  return made;
}

}  // namespace millrace
