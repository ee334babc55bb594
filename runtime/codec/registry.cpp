// The one table of codecs, and the decoder that dispatches on an encoding's header.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "runtime/base/check.hpp"
#include "runtime/codec/aciq.hpp"
#include "runtime/codec/activation_codecs.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/ds_aciq.hpp"
#include "runtime/codec/elementwise_codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/fp32_codec.hpp"
#include "runtime/codec/klt_codec.hpp"
#include "runtime/codec/minifloat_codec.hpp"
#include "runtime/codec/range_codec.hpp"

namespace millrace {

namespace {

template <class Format>
std::unique_ptr<Codec> make(const CodecChoice& /*choice*/) {
  return std::make_unique<Format>();
}

constexpr RangeCodecKind kUniform{"uniform", CodecId::uniform, whole_range};
constexpr RangeCodecKind kAciq{"aciq", CodecId::aciq, aciq_range};
constexpr RangeCodecKind kAciqGauss{"aciq-gauss", CodecId::aciq_gauss, aciq_gauss_range};
constexpr RangeCodecKind kDsAciq{"ds-aciq", CodecId::ds_aciq, ds_aciq_range};

template <const RangeCodecKind& kKind>
std::unique_ptr<Codec> make_range_codec(const CodecChoice& choice) {
  return std::make_unique<RangeCodec>(kKind, choice.scope);
}

constexpr MinifloatKind kFp6Codec{"fp6", CodecId::fp6, kFp6, false};
constexpr MinifloatKind kFp4Codec{"fp4", CodecId::fp4, kFp4, false};
constexpr MinifloatKind kFp4ClipCodec{"fp4-clip", CodecId::fp4_clip, kFp4, true};

template <const MinifloatKind& kKind>
std::unique_ptr<Codec> make_minifloat_codec(const CodecChoice& choice) {
  return std::make_unique<MinifloatCodec>(kKind, choice.scope);
}

std::unique_ptr<Codec> make_klt_codec(const CodecChoice& choice) {
  return std::make_unique<KltCodec>(choice.calibration);
}

template <Result<void> (*kDecode)(const EncodingHeader&, std::span<const std::byte>, std::span<float>)>
Result<void> uncalibrated(const EncodingHeader& header, std::span<const std::byte> payload,
                          const CutCalibration* /*calibration*/, std::span<float> out) {
  return kDecode(header, payload, out);
}

template <const MinifloatFormat& kFormat>
Result<void> decode_minifloats_of(const EncodingHeader& header, std::span<const std::byte> payload,
                                  std::span<float> out) {
  return decode_minifloats(kFormat, header, payload, out);
}

struct CodecEntry {
  std::string_view name;
  CodecId id;
  std::unique_ptr<Codec> (*make)(const CodecChoice& choice);
  Result<void> (*decode)(const EncodingHeader&, std::span<const std::byte> payload, const CutCalibration*,
                         std::span<float> out);
  bool input_only = false;  // holds whole numbers: pixels, token ids
};

template <class Format>
constexpr CodecEntry elementwise(std::string_view name, CodecId id, bool input_only = false) {
  return {name, id, make<ElementwiseCodec<Format>>, uncalibrated<decode_elementwise<Format>>, input_only};
}

constexpr std::array kCodecs = {
    CodecEntry{"fp32", CodecId::fp32, make<Fp32Codec>, uncalibrated<decode_fp32>},
    elementwise<Fp16>("fp16", CodecId::fp16),
    elementwise<Bf16>("bf16", CodecId::bf16),
    CodecEntry{"fp6", CodecId::fp6, make_minifloat_codec<kFp6Codec>,
               uncalibrated<decode_minifloats_of<kFp6>>},
    CodecEntry{"fp4", CodecId::fp4, make_minifloat_codec<kFp4Codec>,
               uncalibrated<decode_minifloats_of<kFp4>>},
    CodecEntry{"fp4-clip", CodecId::fp4_clip, make_minifloat_codec<kFp4ClipCodec>,
               uncalibrated<decode_minifloats_of<kFp4>>},
    CodecEntry{kUniform.name, kUniform.id, make_range_codec<kUniform>, uncalibrated<decode_ranges>},
    CodecEntry{kAciq.name, kAciq.id, make_range_codec<kAciq>, uncalibrated<decode_ranges>},
    CodecEntry{kAciqGauss.name, kAciqGauss.id, make_range_codec<kAciqGauss>, uncalibrated<decode_ranges>},
    CodecEntry{kDsAciq.name, kDsAciq.id, make_range_codec<kDsAciq>, uncalibrated<decode_ranges>},
    CodecEntry{"klt", CodecId::klt, make_klt_codec, decode_klt},
    elementwise<U8>("u8", CodecId::u8, true),
    elementwise<U24>("u24", CodecId::u24, true),
};

std::string known_names() {
  std::string names;
  for (const auto& entry : kCodecs) names.append(names.empty() ? " " : ", ").append(entry.name);
  return names;
}

}  // namespace

std::vector<std::string> codec_names() {
  std::vector<std::string> names;
  names.reserve(kCodecs.size());
  for (const auto& entry : kCodecs) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> activation_codec_names() {
  std::vector<std::string> names;
  for (const auto& entry : kCodecs) {
    if (!entry.input_only) names.emplace_back(entry.name);
  }
  return names;
}

Result<std::unique_ptr<Codec>> make_codec(const CodecChoice& choice) {
  MR_CHECK(choice.scope != ScaleScope::none);
  const std::string_view name = choice.name == "naive" ? kUniform.name : std::string_view(choice.name);
  const auto entry = std::ranges::find(kCodecs, name, &CodecEntry::name);
  if (entry == kCodecs.end())
    return Error{fmt::format("making a codec: \"{}\" is not known, known are{}", name, known_names()),
                 ExitCode::invalid_input};
  return entry->make(choice);
}

Result<std::unique_ptr<Codec>> make_codec(std::string_view name) {
  return make_codec(CodecChoice{.name = std::string(name)});
}

Result<ScaleScope> scale_scope_by_name(std::string_view name) {
  if (name == "image") return ScaleScope::image;
  if (name == "token") return ScaleScope::token;
  if (name == "tensor") return ScaleScope::tensor;
  return Error{fmt::format("scope \"{}\" is not known, known are image, token, tensor", name),
               ExitCode::invalid_input};
}

Result<std::size_t> decode_tensor(std::span<const std::byte> in, const TensorShape& expected,
                                  std::span<float> out, const CutCalibration* calibration) {
  if (!within_limits(expected))
    return Error{fmt::format("decoding a tensor: shape {} is beyond the limits", to_string(expected))};
  MR_CHECK(out.size() == static_cast<std::size_t>(expected.values()));
  const auto header = read_header(in);
  if (!header) return header.error();
  if (header->shape != expected)
    return Error{fmt::format("decoding a tensor: shape {}, expected {}", to_string(header->shape),
                             to_string(expected))};
  const auto entry = std::ranges::find(kCodecs, header->codec, &CodecEntry::id);
  if (entry == kCodecs.end())
    return Error{
        fmt::format("decoding a tensor: codec number {} is not known", static_cast<int>(header->codec))};
  const auto decoded =
      entry->decode(*header, in.subspan(kHeaderBytes, header->payload_bytes), calibration, out);
  if (!decoded) return decoded.error();
  return kHeaderBytes + header->payload_bytes;
}

}  // namespace millrace
