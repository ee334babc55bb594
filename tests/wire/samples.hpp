// A sample of every frame, with values in every field.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/wire/messages.hpp"

namespace millrace {

inline Payload sample_payload() { return Payload::of({std::byte{1}, std::byte{2}, std::byte{3}}); }

inline Activation sample_activation() {
  return {.microbatch = {41},
          .first_image = 164,
          .images = 4,
          .created = Time::at_ns(123'456'789),
          .values = 605'184,
          .payload = sample_payload()};
}

inline std::vector<Record> sample_records() {
  StageRecord stage;
  stage.microbatch = {7};
  stage.images = 4;
  stage.arrived = Time::at_ns(10);
  stage.started = Time::at_ns(20);
  stage.computed = Time::at_ns(30);
  stage.encoded = Time::at_ns(40);
  stage.sent = Time::at_ns(50);
  stage.cost = {Duration::ns(3), Duration::ns(5), Duration::ns(7)};
  stage.bit_width = 6.5;
  stage.values = 99;
  stage.payload = Bytes(1234);
  CompletionRecord completion;
  completion.microbatch = {8};
  completion.images = 2;
  completion.created = Time::at_ns(5);
  completion.completed = Time::at_ns(60);
  completion.outputs = {{16, 3U, 0U, "ab", 2}, {17, {}, {}, ""}};
  const LinkSample sample{.to = {2},
                          .microbatch = {9},
                          .sent = Time::at_ns(70),
                          .acknowledged = Time::at_ns(80),
                          .size = Bytes(4321),
                          .values = 11,
                          .images = 5};
  const DecisionRecord decision{.to = {3},
                                .policy = "fixed",
                                .bits_per_value = 3.25,
                                .observed_mbit_per_s = 17.5,
                                .outgoing = {.microbatch = {10},
                                             .images = 3,
                                             .values = 33,
                                             .encode = Duration::ns(91),
                                             .waiting = 2,
                                             .sender = {.in_flight = 2,
                                                        .in_flight_size = Bytes(8642),
                                                        .oldest_sent = Time::at_ns(92),
                                                        .ready = 1,
                                                        .ready_size = Bytes(77)}},
                                .seen = {sample, sample}};
  return {stage, completion, sample, decision};
}

inline Plan sample_plan() { return {{0}, {3}, {{{1}, {1, 5}}, {{2}, {6, 8}}}}; }

inline InputFile sample_file() { return {"w.safetensors", std::string(64, 'a'), 3 << 20}; }

inline Turn sample_turn() { return {{}, sample_records(), Time::at_ns(77), true}; }

inline std::vector<std::pair<std::string, Frame>> sample_frames() {
  const NodeMessage activation{{1}, {2}, sample_activation()};
  const NodeMessage feedback{{2}, {1}, Feedback{MicrobatchId{5}, 2}};
  return {
      {"hello",
       to_frame(
           Hello{"agent", "1.2", "0123abcd", {"board-a", "board-b"}, {3}, {4}, "f00d", Duration::ms(250)})},
      {"refusal", to_frame(Error{"no such device", ExitCode::invalid_input})},
      {"assign", to_frame(Assign{"millrace: 1\n", sample_plan(), Mode::deploy, {{0}, {3}}, {sample_file()}})},
      {"ready", to_frame(Ready{4711})},
      {"peers", to_frame(Peers{{{"127.0.0.1", 1}, {"::1", 65535}}})},
      {"event_start", to_frame(NodeEvent{{2}, {Event::Kind::start, Time::zero(), {}, Feedback{}}})},
      {"event_message",
       to_frame(NodeEvent{{2}, {Event::Kind::message, Time::at_ns(5), {1}, sample_activation()}})},
      {"event_wake", to_frame(NodeEvent{{2}, {Event::Kind::wake, Time::at_ns(6), {}, Feedback{}}})},
      {"send", to_frame(FrameType::send, activation)},
      {"message_feedback", to_frame(FrameType::message, feedback)},
      {"turn", to_frame(NodeTurn{{2}, sample_turn()})},
      {"report", to_frame(Report{{2}, Time::at_ns(90), sample_records(), true})},
      {"start", to_frame(FrameType::start)},
      {"heartbeat", to_frame(FrameType::heartbeat)},
      {"stop", to_frame(FrameType::stop)},
      {"want", to_frame(Want{sample_file().sha256, 1 << 20})},
      {"piece", to_frame(Piece{sample_file().sha256, 7, sample_payload()})},
      {"log", to_frame(LogLine{LogLevel::warning, "it is hot"})},
      {"farewell", to_frame(Farewell{"millrace_runs_total 1\n"})},
  };
}

// Header, meta and payload one after the other, as on the wire.
inline std::string bytes_of(const Frame& frame) {
  const auto header = encode_header({frame.type, static_cast<std::uint32_t>(frame.meta.size()),
                                     static_cast<std::uint32_t>(frame.payload.size.count())});
  std::string bytes(reinterpret_cast<const char*>(header.data()), header.size());
  bytes += frame.meta;
  if (frame.payload.bytes) {
    bytes.append(reinterpret_cast<const char*>(frame.payload.bytes->data()), frame.payload.bytes->size());
  }
  return bytes;
}

}  // namespace millrace
