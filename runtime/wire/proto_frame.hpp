// A frame's message ("meta") to and from Protocol Buffers. Private to runtime/wire.
#pragma once

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>

#include <string_view>
#include <utility>

#include "runtime/base/result.hpp"
#include "runtime/wire/frame.hpp"

namespace millrace {

inline Frame frame_of(FrameType type, const google::protobuf::MessageLite& message, Payload payload = {}) {
  Frame frame{type, {}, std::move(payload)};
  MR_CHECK(message.SerializeToString(&frame.meta));
  return frame;
}

// Whether the frame is of this type and its message could be read.
inline bool read_frame(const Frame& frame, FrameType type, google::protobuf::MessageLite& message) {
  return frame.type == type && message.ParseFromString(frame.meta);
}

inline Error malformed(std::string_view what) {
  return {fmt::format("a malformed {} frame was refused", what)};
}

}  // namespace millrace
