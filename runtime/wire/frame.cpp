#include "runtime/wire/frame.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::uint32_t kMagic = 0x3146524d;  // "MRF1"
// How a TLS client begins (RFC 8446, section 5.1).
constexpr std::byte kTlsHandshake{22}, kTlsMajor{3};

template <class Number>
void put(std::byte* at, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) at[i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
}

template <class Number>
Number get(const std::byte* at) {
  Number value = 0;
  for (std::size_t i = sizeof(Number); i-- > 0;) {
    value = static_cast<Number>((value << 8) | std::to_integer<Number>(at[i]));
  }
  return value;
}

}  // namespace

std::array<std::byte, kFrameHeader> encode_header(const FrameHeader& header) {
  MR_CHECK(header.meta_bytes <= kMaxMeta && header.payload_bytes <= kMaxPayload, "a frame beyond its limits");
  std::array<std::byte, kFrameHeader> bytes{};
  put(bytes.data(), kMagic);
  put(bytes.data() + 4, kWireVersion);
  put(bytes.data() + 6, static_cast<std::uint16_t>(header.type));
  put(bytes.data() + 8, header.meta_bytes);
  put(bytes.data() + 12, header.payload_bytes);
  return bytes;
}

Result<FrameHeader> decode_header(std::span<const std::byte, kFrameHeader> bytes) {
  if (bytes[0] == kTlsHandshake && bytes[1] == kTlsMajor)
    return Error{
        "the peer speaks TLS, and here no keys were given; give --keys DIR (`millrace keys` makes them)",
        ExitCode::authentication};
  if (get<std::uint32_t>(bytes.data()) != kMagic)
    return Error{"the peer does not speak millrace (wrong frame magic)"};
  const auto version = get<std::uint16_t>(bytes.data() + 4);
  if (version != kWireVersion) {
    return Error{
        fmt::format("the peer speaks frame version {}, this is version {}; use the same millrace release on "
                    "both sides",
                    version, kWireVersion)};
  }
  const auto type = get<std::uint16_t>(bytes.data() + 6);
  if (type < static_cast<std::uint16_t>(FrameType::hello) ||
      type > static_cast<std::uint16_t>(kLastFrameType)) {
    return Error{fmt::format("a frame of unknown type {} was refused", type)};
  }
  const FrameHeader header{static_cast<FrameType>(type), get<std::uint32_t>(bytes.data() + 8),
                           get<std::uint32_t>(bytes.data() + 12)};
  if (header.meta_bytes > kMaxMeta) {
    return Error{fmt::format("a frame with a message of {} bytes was refused (limit {})", header.meta_bytes,
                             kMaxMeta)};
  }
  if (header.payload_bytes > kMaxPayload) {
    return Error{fmt::format("a frame with a payload of {} bytes was refused (limit {})",
                             header.payload_bytes, kMaxPayload)};
  }
  return header;
}

}  // namespace millrace
