#include "runtime/codec/klt_codec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/base/check.hpp"
#include "runtime/codec/klt_coder.hpp"
#include "runtime/codec/klt_kernels.hpp"
#include "runtime/codec/klt_rows.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr std::size_t kIdBytes = sizeof(std::uint64_t);
constexpr std::size_t kValuesPerByte = 32;  // at most, so that an encoding's size bounds its decoded size
constexpr std::int64_t kImageReserve = 32;  // header and id, in each image's budget
constexpr std::uint8_t kHeaderBits = 1;     // klt does not use the header's field
constexpr std::size_t kSpreads = 48;        // standard deviations without calibration
constexpr int kMiddleSpread = 24;           // 2^0
constexpr std::size_t kRunSideBytes = 2, kScaleSideBytes = 2;
constexpr std::int32_t kScaleSpread = 2 << kQuantileBits;  // quarters of an octave, without calibration

Error refused(const std::string& finding) { return {"decoding a tensor: klt: " + finding}; }

// The number of columns that share statistics: one if there are enough rows to pay for its two bytes.
std::size_t column_run(std::size_t rows) {
  return std::max<std::size_t>(1, 128 / std::max<std::size_t>(1, rows));
}
std::size_t side_bytes(std::size_t rows, std::size_t width) {
  const std::size_t run = column_run(rows);
  return kScaleSideBytes + kRunSideBytes * ((width + run - 1) / run);
}

float spread_of(std::size_t c) { return row_size(static_cast<int>(c) - kMiddleSpread); }

// GELU's outputs have heavier tails.
const std::vector<Distribution>& own_distributions(TensorRole role) {
  static const auto kBoth = [] {
    std::array<std::vector<Distribution>, 2> both;
    for (std::size_t c = 0; c < kSpreads; ++c) {
      const auto sigma = static_cast<std::int32_t>(std::lround(spread_of(c) * (1 << kQuantileBits)));
      both[0].push_back(normal_distribution(sigma));
      both[1].push_back(laplace_distribution(sigma));
    }
    return both;
  }();
  return kBoth[role == TensorRole::gelu ? 1 : 0];
}

// The statistics that a tensor without calibration carries in its side information.
struct OwnStatistics {
  std::vector<std::uint8_t> groups;          // of each column
  std::vector<float> means;                  // of each column
  std::vector<std::int16_t> typical_scales;  // of each row, all the same
  std::vector<std::byte> side;
};

OwnStatistics read_statistics(std::span<const std::byte> side, std::size_t rows, std::size_t width) {
  OwnStatistics own{std::vector<std::uint8_t>(width), std::vector<float>(width), {}, {}};
  own.typical_scales.assign(rows, load_le<std::int16_t>(side.data()));
  const std::size_t run = column_run(rows);
  for (std::size_t i = 0; i < width; ++i) {
    const std::byte* at = side.data() + kScaleSideBytes + i / run * kRunSideBytes;
    own.groups[i] = static_cast<std::uint8_t>(std::min(static_cast<std::size_t>(*at), kSpreads - 1));
    own.means[i] = 0.25F * spread_of(own.groups[i]) * static_cast<float>(load_le<std::int8_t>(at + 1));
  }
  return own;
}

OwnStatistics measure_statistics(const UnitRows& unit, std::size_t rows, std::size_t width) {
  std::vector<std::byte> side(side_bytes(rows, width));
  auto scales = unit.scales;
  std::ranges::nth_element(scales, scales.begin() + static_cast<std::ptrdiff_t>(rows / 2));
  store_le(side.data(), scales[rows / 2]);
  const std::size_t run = column_run(rows);
  std::vector<double> sums(width), squares(width);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < width; ++i) {
      const double y = unit.values[r * width + i];
      sums[i] += y;
      squares[i] += y * y;
    }
  for (std::size_t i = 0, at = kScaleSideBytes; i < width; i += run, at += kRunSideBytes) {
    double sum = 0, square = 0;
    const std::size_t end = std::min(width, i + run);
    for (std::size_t j = i; j < end; ++j) sum += sums[j], square += squares[j];
    const double n = static_cast<double>(rows * (end - i)), mean = sum / n;
    const double deviation = std::sqrt(std::max(0.0, square / n - mean * mean));
    const double c = deviation > 0 ? std::nearbyint(4 * std::log2(deviation)) + kMiddleSpread : 0.0;
    const auto group = static_cast<std::uint8_t>(std::clamp(c, 0.0, double{kSpreads - 1}));
    const double quarters = std::clamp(std::nearbyint(4 * mean / spread_of(group)), -128.0, 127.0);
    store_le(side.data() + at, group);
    store_le(side.data() + at + 1, static_cast<std::int8_t>(quarters));
  }
  auto own = read_statistics(side, rows, width);
  own.side = std::move(side);
  return own;
}

ComponentModel model_of(const OwnStatistics& own, TensorRole role) {
  return {.rows = own.typical_scales.size(),
          .width = own.groups.size(),
          .distributions = own_distributions(role),
          .groups = own.groups,
          .refinements = {},
          .typical_scales = own.typical_scales,
          .scale_distribution = normal_distribution(kScaleSpread)};
}

ComponentModel model_of(const TensorCalibration& calibration) {
  return {.rows = static_cast<std::size_t>(calibration.rows),
          .width = static_cast<std::size_t>(calibration.width),
          .distributions = calibration.distributions,
          .groups = calibration.groups,
          .refinements = calibration.refinements,
          .typical_scales = calibration.scales,
          .scale_distribution = calibration.scale_distribution};
}

void encode_image(const TensorCalibration& calibration, std::span<const float> values, std::int64_t bytes,
                  Buffer& out) {
  const ComponentModel model = model_of(calibration);
  UnitRows unit = unit_rows(values, model.width);
  Components image{std::move(unit.scales), {}};
  if (calibration.forward.empty()) {
    image.values = std::move(unit.values);
  } else {
    image.values.resize(values.size());
    simd::multiply(unit.values, calibration.forward, image.values);
  }
  for (std::size_t i = 0; i < calibration.means.size(); ++i) image.values[i] -= calibration.means[i];
  encode_components(model, image, {.bytes = bytes, .side = {}}, out);
}

void encode_image(TensorRole role, const TensorShape& shape, std::span<const float> values,
                  std::int64_t bytes, Buffer& out) {
  const auto rows = static_cast<std::size_t>(shape.rows), width = static_cast<std::size_t>(shape.width);
  UnitRows unit = unit_rows(values, width);
  const OwnStatistics own = measure_statistics(unit, rows, width);
  for (std::size_t at = 0; at < values.size(); at += width)
    for (std::size_t i = 0; i < width; ++i) unit.values[at + i] -= own.means[i];
  encode_components(model_of(own, role), {std::move(unit.scales), std::move(unit.values)},
                    {.bytes = bytes, .side = own.side}, out);
}

Result<std::size_t> decode_image(const TensorCalibration& calibration, std::span<const std::byte> in,
                                 std::span<float> out) {
  const auto payload = read_payload(in, 0);
  if (!payload) return payload.error();
  auto image = decode_components(model_of(calibration), *payload);
  if (!image) return image.error();
  for (std::size_t i = 0; i < calibration.means.size(); ++i) image->values[i] += calibration.means[i];
  if (calibration.backward.empty())
    std::ranges::copy(image->values, out.begin());
  else
    simd::multiply(image->values, calibration.backward, out);
  restore_rows(out, static_cast<std::size_t>(calibration.width), image->scales);
  return payload->bytes;
}

Result<std::size_t> decode_image(TensorRole role, const TensorShape& shape, std::span<const std::byte> in,
                                 std::span<float> out) {
  const auto rows = static_cast<std::size_t>(shape.rows), width = static_cast<std::size_t>(shape.width);
  const auto payload = read_payload(in, side_bytes(rows, width));
  if (!payload) return payload.error();
  const OwnStatistics own = read_statistics(payload->side, rows, width);
  auto image = decode_components(model_of(own, role), *payload);
  if (!image) return image.error();
  for (std::size_t at = 0; at < out.size(); at += width)
    for (std::size_t i = 0; i < width; ++i) out[at + i] = image->values[at + i] + own.means[i];
  restore_rows(out, width, image->scales);
  return payload->bytes;
}

std::int64_t image_bytes(const TensorShape& shape, double bits) {
  const double values = static_cast<double>(shape.rows) * static_cast<double>(shape.width);
  return static_cast<std::int64_t>(std::floor(bits * values / 8)) - kImageReserve;
}

std::size_t least_bytes(const TensorShape& shape) {
  return (static_cast<std::size_t>(shape.values()) + kValuesPerByte - 1) / kValuesPerByte;
}

}  // namespace

double KltCodec::bit_width(Budget budget) const {
  MR_CHECK(!std::isnan(budget.bits_per_value));
  return std::clamp(budget.bits_per_value, kKltLeastBits, kKltMostBits);
}

Bytes KltCodec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget budget) const {
  const auto empty = static_cast<std::int64_t>(kHeaderBytes + kIdBytes);
  if (shape.values() == 0) return Bytes(empty);
  const auto states = static_cast<std::int64_t>(kImageHeadBytes + kRansStateBytes);
  return Bytes(empty + shape.images * std::max(states, image_bytes(shape, bit_width(budget))));
}

void KltCodec::encode(const TensorView& tensor, Budget budget, Buffer& out) const {
  check_tensor(tensor);
  const TensorShape& shape = tensor.shape;
  const double bits = bit_width(budget);
  const auto* calibration =
      calibration_ == nullptr ? nullptr : calibration_->tensor(tensor.role, shape.rows, shape.width);
  Buffer payload(kIdBytes);
  store_le(payload.data(), calibration == nullptr ? std::uint64_t{0} : calibration_->id);
  const auto values = static_cast<std::size_t>(shape.values());
  const std::size_t of_image = values == 0 ? 0 : values / static_cast<std::size_t>(shape.images);
  for (std::size_t at = 0; at < values; at += of_image) {
    const auto image = tensor.values.subspan(at, of_image);
    if (calibration != nullptr)
      encode_image(*calibration, image, image_bytes(shape, bits), payload);
    else
      encode_image(tensor.role, shape, image, image_bytes(shape, bits), payload);
  }
  payload.resize(std::max(payload.size(), least_bytes(shape)));
  append_header({.codec = CodecId::klt,
                 .bits = kHeaderBits,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = shape,
                 .payload_bytes = payload.size()},
                out);
  out.insert(out.end(), payload.begin(), payload.end());
}

Result<void> decode_klt(const EncodingHeader& header, std::span<const std::byte> payload,
                        const CutCalibration* calibration, std::span<float> out) {
  if (payload.size() < std::max(kIdBytes, least_bytes(header.shape)))
    return refused(fmt::format("{} bytes are too few for {} values", payload.size(), out.size()));
  if (auto checked = check_encoding(
          header, {.bits = kHeaderBits, .scope = ScaleScope::none, .payload_bytes = payload.size()});
      !checked)
    return checked;
  const TensorShape& shape = header.shape;
  const auto id = load_le<std::uint64_t>(payload.data());
  const TensorCalibration* tensor = nullptr;
  if (id != 0) {
    if (calibration == nullptr)
      return refused(fmt::format("made with calibration {:016x}, and there is none here", id));
    if (calibration->id != id)
      return refused(fmt::format("made with calibration {:016x}, here is {:016x}", id, calibration->id));
    tensor = calibration->tensor(header.role, shape.rows, shape.width);
    if (tensor == nullptr)
      return refused(fmt::format("calibration {:016x} has nothing for shape {}", id, to_string(shape)));
  }
  std::size_t at = kIdBytes;
  const std::size_t of_image = out.empty() ? 0 : out.size() / static_cast<std::size_t>(shape.images);
  for (std::size_t first = 0; first < out.size(); first += of_image) {
    const auto in = payload.subspan(at);
    const auto image = out.subspan(first, of_image);
    const auto read =
        tensor != nullptr ? decode_image(*tensor, in, image) : decode_image(header.role, shape, in, image);
    if (!read) return read.error();
    at += *read;
  }
  const auto padding = payload.subspan(at);
  if (payload.size() > std::max(at, least_bytes(shape))) return refused("bytes behind the last image");
  if (!std::ranges::all_of(padding, [](std::byte b) { return b == std::byte{0}; }))
    return refused("padding that is not 0");
  return {};
}

}  // namespace millrace
