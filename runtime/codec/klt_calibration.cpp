#include "runtime/codec/klt_calibration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "runtime/base/foreign_file.hpp"
#include "runtime/base/read_file.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/codec/half.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr std::array<char, 6> kMagic = {'M', 'R', 'K', 'L', 'T', '\0'};
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kMaxNameBytes = 64, kShaBytes = 64, kMaxTensorsAtCut = 4;
constexpr std::string_view kNoSha = "----------------------------------------------------------------";

Error refused(const std::string& finding) {
  return {"reading a calibration: " + finding, ExitCode::invalid_input};
}

template <class Number>
void append(Buffer& out, Number value) {
  out.resize(out.size() + sizeof value);
  store_le(out.data() + out.size() - sizeof value, value);
}
void append_text(Buffer& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

auto dimensions(auto& model) {
  return std::array{&model.blocks,     &model.width, &model.heads,    &model.mlp_width,
                    &model.image_size, &model.patch, &model.channels, &model.classes};
}

void append_tensor(Buffer& out, const TensorCalibration& tensor) {
  append(out, static_cast<std::uint8_t>(tensor.role));
  append(out, static_cast<std::uint8_t>(tensor.distributions.size()));
  append(out, static_cast<std::uint16_t>(tensor.block));
  append(out, static_cast<std::uint32_t>(tensor.rows));
  append(out, static_cast<std::uint32_t>(tensor.width));
  for (const float x : tensor.rotation) append(out, x);
  for (const float x : tensor.means) append(out, half_from_float(x));
  for (const std::int16_t x : tensor.scales) append(out, x);
  for (const std::uint8_t x : tensor.refinements) append(out, x);
  for (const std::uint8_t x : tensor.groups) append(out, x);
  for (const auto& distribution : tensor.distributions)
    for (const std::int32_t q : distribution.quantiles) append(out, q);
  for (const std::int32_t q : tensor.scale_distribution.quantiles) append(out, q);
}

// Takes numbers from the front. Past the end it returns 0, and ran_out() is then true.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> in) : in_(in) {}
  bool has(std::uint64_t bytes) const { return in_.size() >= bytes; }
  std::size_t left() const { return in_.size(); }
  bool ran_out() const { return ran_out_; }

  template <class Number>
  Number take() {
    if (in_.size() < sizeof(Number)) {
      ran_out_ = true;
      return {};
    }
    const auto value = load_le<Number>(in_.data());
    in_ = in_.subspan(sizeof(Number));
    return value;
  }
  std::string text(std::size_t bytes) {
    std::string taken;
    for (std::size_t i = 0; i < bytes; ++i) taken.push_back(static_cast<char>(take<std::uint8_t>()));
    return taken;
  }

 private:
  std::span<const std::byte> in_;
  bool ran_out_ = false;
};

Distribution take_distribution(Reader& in) {
  Distribution distribution;
  for (auto& q : distribution.quantiles) q = in.take<std::int32_t>();
  return distribution;
}

Result<void> check_rotation(const TensorCalibration& tensor) {
  const auto b = static_cast<std::size_t>(tensor.block);
  constexpr double kTolerance = 0x1p-10;
  for (std::size_t at = 0; at < tensor.rotation.size(); at += b * b) {
    const float* block = tensor.rotation.data() + at;
    for (std::size_t i = 0; i < b; ++i)
      for (std::size_t j = i; j < b; ++j) {
        const double dot = std::inner_product(block + i * b, block + (i + 1) * b, block + j * b, 0.0F);
        if (!(std::abs(dot - (i == j ? 1.0 : 0.0)) <= kTolerance))
          return refused("a rotation is not orthonormal");
      }
  }
  return {};
}

Result<void> check_tensor_calibration(const TensorCalibration& tensor) {
  if (auto checked = check_rotation(tensor); !checked) return checked;
  if (!std::ranges::all_of(tensor.means, [](float x) { return std::isfinite(x); }))
    return refused("a mean is not finite");
  if (!std::ranges::all_of(tensor.groups, [&](std::uint8_t g) { return g < tensor.distributions.size(); }))
    return refused("a component's distribution is not there");
  if (!std::ranges::all_of(tensor.refinements, [](std::uint8_t bits) { return bits <= kMaxRefinement; }))
    return refused(fmt::format("a row's refinement has more than {} bits", kMaxRefinement));
  if (!std::ranges::all_of(tensor.distributions, is_valid) || !is_valid(tensor.scale_distribution))
    return refused("the quantiles of a distribution do not increase within their limits");
  return {};
}

Result<TensorCalibration> take_tensor(Reader& in) {
  TensorCalibration tensor;
  const auto role = in.take<std::uint8_t>(), distributions = in.take<std::uint8_t>();
  tensor.block = in.take<std::uint16_t>();
  tensor.rows = in.take<std::uint32_t>();
  tensor.width = in.take<std::uint32_t>();
  if (in.ran_out()) return refused("it ends within the head of a tensor");
  if (role > static_cast<std::uint8_t>(TensorRole::logits)) return refused(fmt::format("role {}", role));
  tensor.role = static_cast<TensorRole>(role);
  if (distributions < 1 || distributions > kMaxDistributions)
    return refused(fmt::format("{} distributions, 1 to {} may be", distributions, kMaxDistributions));
  if (tensor.rows < 1 || tensor.width < 1 || tensor.rows > kMaxDimension || tensor.width > kMaxDimension ||
      tensor.rows * tensor.width > kMaxCalibratedValues)
    return refused(fmt::format("{} x {} values are beyond the limits", tensor.rows, tensor.width));
  if (tensor.block > kMaxRotationBlock || (tensor.block > 0 && tensor.width % tensor.block != 0))
    return refused(fmt::format("blocks of {} do not divide a width of {}", tensor.block, tensor.width));
  const auto rows = static_cast<std::size_t>(tensor.rows), width = static_cast<std::size_t>(tensor.width);
  const std::size_t rotation = width * static_cast<std::size_t>(tensor.block);
  const std::size_t means = tensor.block > 0 ? rows * width : 0;
  if (!in.has(4 * rotation + 2 * means + 3 * rows + width + 4 * kQuantiles * (distributions + 1U)))
    return refused(fmt::format("{} bytes are too few for {} x {} values", in.left(), rows, width));
  tensor.rotation.resize(rotation);
  for (float& x : tensor.rotation) x = in.take<float>();
  tensor.means.resize(means);
  for (float& x : tensor.means) x = float_from_half(in.take<std::uint16_t>());
  tensor.scales.resize(rows);
  for (auto& x : tensor.scales) x = in.take<std::int16_t>();
  tensor.refinements.resize(rows);
  for (auto& x : tensor.refinements) x = in.take<std::uint8_t>();
  tensor.groups.resize(width);
  for (auto& x : tensor.groups) x = in.take<std::uint8_t>();
  for (int i = 0; i < distributions; ++i) tensor.distributions.push_back(take_distribution(in));
  tensor.scale_distribution = take_distribution(in);
  if (const auto checked = check_tensor_calibration(tensor); !checked) return checked.error();
  tensor.prepare();
  return tensor;
}

// Refuses a file of another format, with its name and a remedy. Advice on converting weights would not help
// here, so it is cut off.
Result<void> check_magic(std::span<const std::byte> file) {
  const auto begin = std::as_bytes(std::span(kMagic));
  if (file.size() >= begin.size() && std::equal(begin.begin(), begin.end(), file.begin())) return {};
  std::string found = foreign_file(file).value_or("it does not start with \"MRKLT\"");
  if (found.find("safetensors") != std::string::npos) found.resize(std::min(found.find(';'), found.size()));
  return refused(found + "; `millrace-node calibrate` makes calibrations");
}

// REQUIRES check_magic().
Result<std::uint32_t> take_head(Reader& in, CutCalibration& calibration) {
  (void)in.text(kMagic.size());
  if (const auto version = in.take<std::uint16_t>(); version != kVersion)
    return refused(fmt::format("version {} is not known, only {} is", version, kVersion));
  const auto cut = in.take<std::uint32_t>();
  calibration.images = in.take<std::uint32_t>();
  const auto name_bytes = in.take<std::uint32_t>();
  const auto tensors = in.take<std::uint32_t>();
  if (name_bytes < 1 || name_bytes > kMaxNameBytes)
    return refused(fmt::format("a name of {} bytes", name_bytes));
  if (tensors < 1 || tensors > kMaxTensorsAtCut) return refused(fmt::format("{} tensors", tensors));
  calibration.model.name = in.text(name_bytes);
  for (int* dimension : dimensions(calibration.model)) *dimension = in.take<std::int32_t>();
  calibration.weights_sha256 = in.text(kShaBytes);
  if (in.ran_out()) return refused("it ends within its head");
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(calibration.model.name, printable))
    return refused("the model's name is not ASCII");
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (calibration.weights_sha256 == kNoSha)
    calibration.weights_sha256.clear();
  else if (!std::ranges::all_of(calibration.weights_sha256, digit))
    return refused("the weights' SHA-256 has other than hexadecimal digits");
  if (const auto checked = check_model(calibration.model); !checked) return checked.error();
  if (cut > static_cast<std::uint32_t>(calibration.model.sub_layers()))
    return refused(fmt::format("cut {} of {}", cut, calibration.model.sub_layers()));
  calibration.cut = static_cast<int>(cut);
  return tensors;
}

}  // namespace

void TensorCalibration::prepare() {
  if (block == 0) return;
  forward = BlockMatrix(rotation, static_cast<std::size_t>(block), true);
  backward = BlockMatrix(rotation, static_cast<std::size_t>(block), false);
}

const TensorCalibration* CutCalibration::tensor(TensorRole role, std::int64_t rows,
                                                std::int64_t width) const {
  const auto found = std::ranges::find_if(tensors, [&](const TensorCalibration& tensor) {
    return tensor.role == role && tensor.rows == rows && tensor.width == width;
  });
  return found == tensors.end() ? nullptr : &*found;
}

Buffer serialize(const CutCalibration& calibration) {
  Buffer out;
  append_text(out, std::string_view(kMagic.data(), kMagic.size()));
  append(out, kVersion);
  append(out, static_cast<std::uint32_t>(calibration.cut));
  append(out, calibration.images);
  append(out, static_cast<std::uint32_t>(calibration.model.name.size()));
  append(out, static_cast<std::uint32_t>(calibration.tensors.size()));
  append_text(out, calibration.model.name);
  for (const int* dimension : dimensions(calibration.model))
    append(out, static_cast<std::int32_t>(*dimension));
  append_text(out,
              calibration.weights_sha256.empty() ? kNoSha : std::string_view(calibration.weights_sha256));
  for (const auto& tensor : calibration.tensors) append_tensor(out, tensor);
  return out;
}

Result<CutCalibration> parse_calibration(std::span<const std::byte> file) {
  CutCalibration calibration;
  if (auto ours = check_magic(file); !ours) return ours.error();
  Reader in(file);
  const auto tensors = take_head(in, calibration);
  if (!tensors) return tensors.error();
  const auto specs = tensors_at_cut(calibration.model, calibration.cut);
  if (*tensors != specs.size())
    return refused(fmt::format("{} tensors, {} cross cut {}", *tensors, specs.size(), calibration.cut));
  for (const TensorSpec& spec : specs) {
    auto tensor = take_tensor(in);
    if (!tensor) return tensor.error();
    if (tensor->role != spec.role || tensor->rows != spec.rows || tensor->width != spec.width)
      return refused(fmt::format("a tensor of {} x {} values is not the one that crosses cut {}",
                                 tensor->rows, tensor->width, calibration.cut));
    calibration.tensors.push_back(*std::move(tensor));
  }
  if (in.left() > 0) return refused(fmt::format("{} bytes behind the last tensor", in.left()));
  calibration.sha256 = sha256_hex(file);
  std::from_chars(calibration.sha256.data(), calibration.sha256.data() + 16, calibration.id, 16);
  return calibration;
}

Result<std::shared_ptr<const CutCalibration>> read_calibration(const std::string& path) {
  const auto content = read_file(path, kMaxCalibrationBytes);
  if (!content) return content.error().in(path);
  auto parsed = parse_calibration(std::as_bytes(std::span(*content)));
  if (!parsed) return parsed.error().in(path);
  return std::make_shared<const CutCalibration>(*std::move(parsed));
}

std::string calibration_file_name(int cut) { return fmt::format("cut-{:03}.klt", cut); }

Result<std::shared_ptr<const CutCalibration>> find_calibration(const std::string& directory,
                                                               const ModelConfig& model, int cut) {
  const auto path = (std::filesystem::path(directory) / calibration_file_name(cut)).string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::shared_ptr<const CutCalibration>();
  auto calibration = read_calibration(path);
  if (!calibration) return calibration;
  ModelConfig made_for = (*calibration)->model;
  made_for.normalisation = model.normalisation;  // the file does not have it
  if (made_for != model)
    return Error{
        fmt::format("{}: calibrated for model {}, this one is {}{}", path, (*calibration)->model.name,
                    model.name, (*calibration)->model.name == model.name ? " with other dimensions" : ""),
        ExitCode::invalid_input};
  if ((*calibration)->cut != cut)
    return Error{fmt::format("{}: calibrated for cut {}, not {}", path, (*calibration)->cut, cut),
                 ExitCode::invalid_input};
  return calibration;
}

}  // namespace millrace
