#include "runtime/codec/encoding.hpp"

#include <fmt/core.h>

#include <array>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr std::byte kMagic0{'M'}, kMagic1{'T'};
constexpr auto kLastRole = TensorRole::lengths;
constexpr auto kLastScope = ScaleScope::tensor;

Error refused(const std::string& finding) { return {"decoding a tensor: " + finding}; }

}  // namespace

bool within_limits(const TensorShape& shape) {
  std::int64_t values = 1;
  bool empty = false;
  for (const std::int64_t n : {shape.images, shape.rows, shape.width}) {
    if (n < 0 || n > kMaxDimension) return false;
    empty = empty || n == 0;
  }
  if (empty) return true;
  for (const std::int64_t n : {shape.images, shape.rows, shape.width}) {
    values *= n;  // at most 2^29 · 2^24 here
    if (values > kMaxTensorValues) return false;
  }
  return true;
}

std::string to_string(const TensorShape& shape) {
  return fmt::format("{} x {} x {}", shape.images, shape.rows, shape.width);
}

void append_header(const EncodingHeader& header, Buffer& out) {
  MR_CHECK(within_limits(header.shape));
  MR_CHECK(header.bits > 0 && header.bits <= 255);
  MR_CHECK(header.payload_bytes <= std::numeric_limits<std::uint32_t>::max());
  const std::size_t start = out.size();
  out.resize(start + kHeaderBytes);
  std::byte* p = out.data() + start;
  p[0] = kMagic0;
  p[1] = kMagic1;
  p[2] = std::byte{kEncodingVersion};
  p[3] = static_cast<std::byte>(header.codec);
  p[4] = static_cast<std::byte>(header.bits);
  p[5] = static_cast<std::byte>(header.role);
  p[6] = static_cast<std::byte>(header.scope);
  p[7] = std::byte{0};
  store_le(p + 8, static_cast<std::uint32_t>(header.shape.images));
  store_le(p + 12, static_cast<std::uint32_t>(header.shape.rows));
  store_le(p + 16, static_cast<std::uint32_t>(header.shape.width));
  store_le(p + 20, static_cast<std::uint32_t>(header.payload_bytes));
}

Result<EncodingHeader> read_header(std::span<const std::byte> in) {
  if (in.size() < kHeaderBytes)
    return refused(fmt::format("{} bytes are left, a header has {}", in.size(), kHeaderBytes));
  if (in[0] != kMagic0 || in[1] != kMagic1) return refused("the encoding does not start with \"MT\"");
  if (const int version = static_cast<int>(in[2]); version != kEncodingVersion)
    return refused(fmt::format("encoding version {} is not known, only {} is", version, kEncodingVersion));
  if (static_cast<TensorRole>(in[5]) > kLastRole)
    return refused(fmt::format("role {} is not known", static_cast<int>(in[5])));
  if (static_cast<ScaleScope>(in[6]) > kLastScope)
    return refused(fmt::format("scope {} is not known", static_cast<int>(in[6])));
  if (in[7] != std::byte{0})
    return refused(fmt::format("the reserved byte is {}, not 0", static_cast<int>(in[7])));

  EncodingHeader header;
  header.codec = static_cast<CodecId>(in[3]);
  header.bits = static_cast<int>(in[4]);
  header.role = static_cast<TensorRole>(in[5]);
  header.scope = static_cast<ScaleScope>(in[6]);
  header.shape.images = load_le<std::uint32_t>(in.data() + 8);
  header.shape.rows = load_le<std::uint32_t>(in.data() + 12);
  header.shape.width = load_le<std::uint32_t>(in.data() + 16);
  header.payload_bytes = load_le<std::uint32_t>(in.data() + 20);
  if (!within_limits(header.shape))
    return refused(fmt::format("shape {} is beyond the limits", to_string(header.shape)));
  if (const std::size_t left = in.size() - kHeaderBytes; header.payload_bytes > left)
    return refused(
        fmt::format("the header announces {} payload bytes, {} are left", header.payload_bytes, left));
  return header;
}

void check_tensor(const TensorView& tensor) {
  MR_CHECK(within_limits(tensor.shape), "tensor shape beyond the limits of encoding.hpp");
  MR_CHECK(tensor.values.size() == static_cast<std::size_t>(tensor.shape.values()),
           "a tensor view holds as many values as its shape says");
}

Groups groups_of(const TensorShape& shape, ScaleScope scope) {
  MR_CHECK(within_limits(shape) && scope != ScaleScope::none);
  const auto values = static_cast<std::size_t>(shape.values());
  if (values == 0) return {};
  const auto images = static_cast<std::size_t>(shape.images), rows = static_cast<std::size_t>(shape.rows);
  const std::size_t count = scope == ScaleScope::tensor  ? 1
                            : scope == ScaleScope::image ? images
                                                         : images * rows;
  return {.count = count, .values = values / count};
}

Result<void> check_encoding(const EncodingHeader& header, const ExpectedEncoding& expected) {
  if (header.bits != expected.bits)
    return refused(fmt::format("{} bits per value, this codec has {}", header.bits, expected.bits));
  if (header.scope != expected.scope)
    return refused(fmt::format("scope {}, this codec has {}", static_cast<int>(header.scope),
                               static_cast<int>(expected.scope)));
  if (header.payload_bytes != expected.payload_bytes)
    return refused(fmt::format("{} payload bytes, shape {} at {} bits has {}", header.payload_bytes,
                               to_string(header.shape), header.bits, expected.payload_bytes));
  return {};
}

}  // namespace millrace
