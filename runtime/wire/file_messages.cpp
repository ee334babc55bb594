// Files, log lines and farewells.
#include <algorithm>
#include <utility>

#include "runtime/base/sha256.hpp"
#include "runtime/wire/messages.hpp"
#include "runtime/wire/proto_frame.hpp"
#include "runtime/wire/wire.pb.h"

namespace millrace {

namespace {

constexpr std::size_t kLongestFigures = 1 << 18;

// The length in bytes of the UTF-8 character at `at`; 0 if there is no valid character, and for controls: C0,
// delete, and C1, which some terminals take for escape sequences (U+009B).
std::size_t character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80) return 0;
  }
  const bool c1 = first == 0xc2 && byte(at + 1) < 0xa0;
  return c1 ? 0 : length;
}

// Replaces each byte that is not part of a character by a blank; line feeds stay if `has_lines`.
std::string without_controls(std::string text, bool has_lines) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = character_at(text, at);
    if (length == 0 && !(has_lines && text[at] == '\n')) text[at] = ' ';
    at += std::max<std::size_t>(1, length);
  }
  return text;
}

}  // namespace

std::string printable(std::string text) {
  constexpr std::size_t kLongest = 2000;
  if (text.size() > kLongest) text.resize(kLongest);
  return without_controls(std::move(text), false);
}

Frame to_frame(const Want& want) {
  wire::Want wire;
  wire.set_sha256(want.sha256);
  wire.set_offset(want.offset);
  return frame_of(FrameType::want, wire);
}

Result<Want> parse_want(const Frame& frame) {
  wire::Want wire;
  if (!read_frame(frame, FrameType::want, wire) || !is_sha256(wire.sha256())) return malformed("want");
  return Want{wire.sha256(), wire.offset()};
}

Frame to_frame(const Piece& piece) {
  wire::Piece wire;
  wire.set_sha256(piece.sha256);
  wire.set_offset(piece.offset);
  return frame_of(FrameType::piece, wire, piece.bytes);
}

Result<Piece> parse_piece(const Frame& frame) {
  wire::Piece wire;
  const bool sound = read_frame(frame, FrameType::piece, wire) && is_sha256(wire.sha256());
  if (!sound || frame.payload.size > Bytes(kMaxPiece)) return malformed("piece");
  return Piece{wire.sha256(), wire.offset(), frame.payload};
}

Frame to_frame(const LogLine& line) {
  wire::LogLine wire;
  wire.set_level(static_cast<std::uint32_t>(line.level));
  wire.set_text(line.text);
  return frame_of(FrameType::log, wire);
}

Result<LogLine> parse_log_line(const Frame& frame) {
  wire::LogLine wire;
  if (!read_frame(frame, FrameType::log, wire) || wire.level() > static_cast<std::uint32_t>(LogLevel::note))
    return malformed("log");
  return LogLine{static_cast<LogLevel>(wire.level()), printable(wire.text())};
}

Frame to_frame(const Farewell& farewell) {
  wire::Farewell wire;
  wire.set_figures(farewell.figures);
  return frame_of(FrameType::farewell, wire);
}

Result<Farewell> parse_farewell(const Frame& frame) {
  wire::Farewell wire;
  if (!read_frame(frame, FrameType::farewell, wire) || wire.figures().size() > kLongestFigures)
    return malformed("farewell");
  return Farewell{without_controls(wire.figures(), true)};
}

}  // namespace millrace
