// libFuzzer target: arbitrary bytes as a frame. A message that a parser accepts must come back the same when
// it is written and read again. Also run by tests/wire, on seeded mutations of good frames.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/base/check.hpp"
#include "runtime/wire/messages.hpp"

namespace {

using namespace millrace;

// Writing the message that was read, and reading and writing it once more, must give the same bytes: the
// first writing removes unknown fields.
template <class Message>
void round_trip(const Frame& frame, Result<Message> (*parse)(const Frame&)) {
  const auto first = parse(frame);
  if (!first) return;
  const Frame again = to_frame(*first);
  const auto second = parse(again);
  MR_CHECK(second.ok(), "what was accepted once is accepted again");
  MR_CHECK(to_frame(*second).meta == again.meta);
}

void read(const Frame& frame) {
  switch (frame.type) {
    case FrameType::hello:
      return round_trip(frame, parse_hello);
    case FrameType::refusal:
      MR_CHECK(parse_refusal(frame).code != ExitCode::ok, "a refusal is an error");
      return;
    case FrameType::assign:
      return round_trip(frame, parse_assign);
    case FrameType::ready:
      return round_trip(frame, parse_ready);
    case FrameType::peers:
      return round_trip(frame, parse_peers);
    case FrameType::event:
      return round_trip(frame, parse_event);
    case FrameType::turn:
      return round_trip(frame, parse_turn);
    case FrameType::report:
      return round_trip(frame, parse_report);
    case FrameType::send:
    case FrameType::message: {
      const auto message = parse_message(frame);
      if (message) {
        const Frame again = to_frame(frame.type, *message);
        // The instant that an agent adds in emulate goes to the host and crosses no network: a tag and 8
        // bytes.
        const Bytes instant(message->at ? 9 : 0);
        MR_CHECK(again.size() == message_size(message->message, message->epoch) + instant,
                 "a message costs what its frame is long");
        MR_CHECK(parse_message(again).ok());
      }
      return;
    }
    case FrameType::want:
      return round_trip(frame, parse_want);
    case FrameType::piece:
      return round_trip(frame, parse_piece);
    case FrameType::log:
      return round_trip(frame, parse_log_line);
    case FrameType::farewell:
      return round_trip(frame, parse_farewell);
    case FrameType::start:
    case FrameType::heartbeat:
    case FrameType::stop:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Without a header: the first byte says which kind, the rest is the message.
  if (size > 0) {
    const auto type = static_cast<FrameType>(1 + data[0] % static_cast<unsigned>(kLastFrameType));
    read(Frame{type, std::string(reinterpret_cast<const char*>(data) + 1, size - 1), {}});
  }
  if (size < kFrameHeader) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto header = decode_header(bytes.first<kFrameHeader>());
  if (!header) return 0;
  // The channel checks false lengths: here the bytes present are split as the header says, as far as they go.
  const auto body = bytes.subspan(kFrameHeader);
  const auto meta = body.first(std::min<std::size_t>(body.size(), header->meta_bytes));
  const auto rest = body.subspan(meta.size());
  const auto payload = rest.first(std::min<std::size_t>(rest.size(), header->payload_bytes));
  Frame frame{header->type, std::string(reinterpret_cast<const char*>(meta.data()), meta.size()), {}};
  if (!payload.empty()) frame.payload = Payload::of({payload.begin(), payload.end()});
  read(frame);
  return 0;
}
