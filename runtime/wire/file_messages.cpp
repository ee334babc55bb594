// Files, log lines and farewells.
#include <algorithm>

#include "runtime/base/sha256.hpp"
#include "runtime/wire/messages.hpp"
#include "runtime/wire/wire.pb.h"

namespace millrace {

namespace {

constexpr std::size_t kLongestFigures = 1 << 18;

Frame frame_of(FrameType type, const google::protobuf::MessageLite& message, Payload payload = {}) {
  Frame frame{type, {}, std::move(payload)};
  MR_CHECK(message.SerializeToString(&frame.meta));
  return frame;
}

template <class Wire>
bool read(const Frame& frame, FrameType type, Wire& wire) {
  return frame.type == type && wire.ParseFromString(frame.meta);
}

}  // namespace

std::string printable(std::string text) {
  constexpr std::size_t kLongest = 2000;
  if (text.size() > kLongest) text.resize(kLongest);
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

Frame to_frame(const Want& want) {
  wire::Want wire;
  wire.set_sha256(want.sha256);
  wire.set_offset(want.offset);
  return frame_of(FrameType::want, wire);
}

Result<Want> parse_want(const Frame& frame) {
  wire::Want wire;
  if (!read(frame, FrameType::want, wire) || !is_sha256(wire.sha256()))
    return Error{"a malformed want frame was refused"};
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
  const bool sound = read(frame, FrameType::piece, wire) && is_sha256(wire.sha256());
  if (!sound || frame.payload.size > Bytes(kMaxPiece)) return Error{"a malformed piece frame was refused"};
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
  if (!read(frame, FrameType::log, wire) || wire.level() > static_cast<std::uint32_t>(LogLevel::note))
    return Error{"a malformed log frame was refused"};
  return LogLine{static_cast<LogLevel>(wire.level()), printable(wire.text())};
}

Frame to_frame(const Farewell& farewell) {
  wire::Farewell wire;
  wire.set_figures(farewell.figures);
  return frame_of(FrameType::farewell, wire);
}

Result<Farewell> parse_farewell(const Frame& frame) {
  wire::Farewell wire;
  if (!read(frame, FrameType::farewell, wire) || wire.figures().size() > kLongestFigures)
    return Error{"a malformed farewell frame was refused"};
  return Farewell{wire.figures()};
}

}  // namespace millrace
