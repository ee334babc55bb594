#include "runtime/wire/messages.hpp"

#include <fmt/format.h>

#include "runtime/base/sha256.hpp"
#include "runtime/wire/proto_frame.hpp"
#include "runtime/wire/records.hpp"

namespace millrace {

namespace {

void fill(wire::NodeMessage& wire, NodeId from, NodeId to, const Message& message) {
  wire.set_from(from.value);
  wire.set_to(to.value);
  if (const auto* activation = std::get_if<Activation>(&message)) {
    auto& body = *wire.mutable_activation();
    body.set_microbatch(activation->microbatch.value);
    body.set_first_image(activation->first_image);
    body.set_images(activation->images);
    body.set_created_ns(activation->created.count_ns());
    body.set_values(activation->values);
  } else {
    const auto& feedback = std::get<Feedback>(message);
    auto& body = *wire.mutable_feedback();
    if (feedback.acknowledged) body.set_acknowledged(feedback.acknowledged->value);
    body.set_credits(feedback.credits);
  }
}

Payload payload_of(const Message& message) {
  const auto* activation = std::get_if<Activation>(&message);
  return activation ? activation->payload : Payload{};
}

Result<NodeMessage> from_wire(const wire::NodeMessage& wire, const Payload& payload) {
  NodeMessage message{{wire.from()}, {wire.to()}, Feedback{}};
  if (wire.has_activation()) {
    const auto& body = wire.activation();
    message.message = Activation{.microbatch = {body.microbatch()},
                                 .first_image = body.first_image(),
                                 .images = body.images(),
                                 .created = Time::at_ns(body.created_ns()),
                                 .values = body.values(),
                                 .payload = payload};
  } else if (wire.has_feedback() && payload.size == Bytes(0)) {
    Feedback feedback;
    if (wire.feedback().has_acknowledged())
      feedback.acknowledged = MicrobatchId{wire.feedback().acknowledged()};
    feedback.credits = wire.feedback().credits();
    message.message = feedback;
  } else {
    return malformed("message");
  }
  return message;
}

}  // namespace

Frame to_frame(FrameType bare) { return {bare, {}, {}}; }

Frame to_frame(const Hello& hello) {
  wire::Hello wire;
  wire.set_sender(hello.sender);
  wire.set_release(hello.release);
  wire.set_scenario_sha256(hello.scenario_sha256);
  for (const auto& device : hello.devices) wire.add_devices(device);
  wire.set_from_node(hello.from_node.value);
  wire.set_to_node(hello.to_node.value);
  wire.set_run(hello.run);
  wire.set_heartbeat_ns(hello.heartbeat.count_ns());
  return frame_of(FrameType::hello, wire);
}

Result<Hello> parse_hello(const Frame& frame) {
  wire::Hello wire;
  if (!read_frame(frame, FrameType::hello, wire) || wire.heartbeat_ns() < 0) return malformed("hello");
  Hello hello{wire.sender(),    wire.release(), wire.scenario_sha256(),           {}, {wire.from_node()},
              {wire.to_node()}, wire.run(),     Duration::ns(wire.heartbeat_ns())};
  hello.devices.assign(wire.devices().begin(), wire.devices().end());
  return hello;
}

Frame to_frame(const Error& refusal) {
  wire::Refusal wire;
  wire.set_message(refusal.message);
  wire.set_exit_code(static_cast<std::uint32_t>(refusal.code));
  return frame_of(FrameType::refusal, wire);
}

Error parse_refusal(const Frame& frame) {
  wire::Refusal wire;
  if (!read_frame(frame, FrameType::refusal, wire)) return malformed("refusal");
  const auto code = wire.exit_code();
  const bool known = code > 0 && code <= static_cast<std::uint32_t>(ExitCode::authentication);
  return {printable(wire.message()), known ? static_cast<ExitCode>(code) : ExitCode::run_failed};
}

Frame to_frame(const Assign& assign) {
  wire::Assign wire;
  wire.set_scenario(assign.scenario);
  wire.set_mode(static_cast<std::uint32_t>(assign.mode));
  wire.mutable_plan()->set_source(assign.plan.source.value);
  wire.mutable_plan()->set_sink(assign.plan.sink.value);
  for (const auto& stage : assign.plan.stages) {
    auto& row = *wire.mutable_plan()->add_stages();
    row.set_device(stage.device.value);
    row.set_first(stage.layers.first);
    row.set_last(stage.layers.last);
    if (stage.bits) row.set_bits(*stage.bits);
  }
  for (const auto node : assign.nodes) wire.add_nodes(node.value);
  for (const auto& file : assign.files) {
    auto& row = *wire.add_files();
    row.set_path(file.path);
    row.set_sha256(file.sha256);
    row.set_size(file.size);
  }
  return frame_of(FrameType::assign, wire);
}

Result<Assign> parse_assign(const Frame& frame) {
  wire::Assign wire;
  if (!read_frame(frame, FrameType::assign, wire) || wire.mode() > static_cast<std::uint32_t>(Mode::deploy)) {
    return malformed("assign");
  }
  Assign assign{wire.scenario(),
                {{wire.plan().source()}, {wire.plan().sink()}, {}},
                static_cast<Mode>(wire.mode()),
                {}};
  for (const auto& stage : wire.plan().stages()) {
    assign.plan.stages.push_back({{stage.device()}, {stage.first(), stage.last()}});
    if (stage.has_bits()) assign.plan.stages.back().bits = stage.bits();
  }
  for (const auto node : wire.nodes()) {
    if (node >= assign.plan.node_count()) return malformed("assign");
    assign.nodes.push_back({node});
  }
  for (const auto& file : wire.files()) {
    if (!is_sha256(file.sha256())) return malformed("assign");
    assign.files.push_back({file.path(), file.sha256(), file.size()});
  }
  return assign;
}

Frame to_frame(const Ready& ready) {
  wire::Ready wire;
  wire.set_port(ready.port);
  return frame_of(FrameType::ready, wire);
}

Result<Ready> parse_ready(const Frame& frame) {
  wire::Ready wire;
  if (!read_frame(frame, FrameType::ready, wire) || wire.port() > 65535) return malformed("ready");
  return Ready{static_cast<std::uint16_t>(wire.port())};
}

Frame to_frame(const Peers& peers) {
  wire::Peers wire;
  for (const auto& endpoint : peers.endpoints) {
    auto& row = *wire.add_endpoints();
    row.set_address(endpoint.address);
    row.set_port(endpoint.port);
  }
  return frame_of(FrameType::peers, wire);
}

Result<Peers> parse_peers(const Frame& frame) {
  wire::Peers wire;
  if (!read_frame(frame, FrameType::peers, wire)) return malformed("peers");
  Peers peers;
  for (const auto& row : wire.endpoints()) {
    if (row.port() > 65535) return malformed("peers");
    peers.endpoints.push_back({row.address(), static_cast<std::uint16_t>(row.port())});
  }
  return peers;
}

Frame to_frame(FrameType type, const NodeMessage& message) {
  wire::NodeMessage wire;
  fill(wire, message.from, message.to, message.message);
  if (message.at) wire.set_at_ns(message.at->count_ns());
  wire.set_epoch(message.epoch.value);
  return frame_of(type, wire, payload_of(message.message));
}

Result<NodeMessage> parse_message(const Frame& frame) {
  wire::NodeMessage wire;
  if (!wire.ParseFromString(frame.meta)) return malformed("message");
  auto message = from_wire(wire, frame.payload);
  if (!message) return message;
  message->epoch = {wire.epoch()};
  if (!wire.has_at_ns()) return message;
  if (wire.at_ns() < 0) return malformed("message");
  message->at = Time::at_ns(wire.at_ns());
  return message;
}

Frame to_frame(const NodeEvent& event) {
  wire::Event wire;
  wire.set_node(event.node.value);
  wire.set_kind(static_cast<std::uint32_t>(event.event.kind));
  wire.set_now_ns(event.event.now.count_ns());
  if (event.event.kind != Event::Kind::message) return frame_of(FrameType::event, wire);
  fill(*wire.mutable_message(), event.event.from, event.node, event.event.message);
  return frame_of(FrameType::event, wire, payload_of(event.event.message));
}

Result<NodeEvent> parse_event(const Frame& frame) {
  wire::Event wire;
  if (!read_frame(frame, FrameType::event, wire) || wire.kind() > 2) return malformed("event");
  NodeEvent event{{wire.node()},
                  {static_cast<Event::Kind>(wire.kind()), Time::at_ns(wire.now_ns()), {}, Feedback{}}};
  if (event.event.kind == Event::Kind::message) {
    auto message = from_wire(wire.message(), frame.payload);
    if (!message) return message.error();
    event.event.from = message->from;
    event.event.message = std::move(message->message);
  }
  return event;
}

Frame to_frame(const NodeTurn& turn) {
  wire::Turn wire;
  wire.set_node(turn.node.value);
  wire.set_promise_ns(turn.turn.promise.count_ns());
  wire.set_finished(turn.turn.finished);
  for (const auto& record : turn.turn.records) to_wire(record, *wire.add_records());
  return frame_of(FrameType::turn, wire);
}

Result<NodeTurn> parse_turn(const Frame& frame) {
  wire::Turn wire;
  if (!read_frame(frame, FrameType::turn, wire)) return malformed("turn");
  NodeTurn turn{{wire.node()}, {{}, {}, Time::at_ns(wire.promise_ns()), wire.finished()}};
  for (const auto& row : wire.records()) {
    auto record = from_wire(row);
    if (!record) return record.error();
    turn.turn.records.push_back(std::move(*record));
  }
  return turn;
}

Frame to_frame(const Report& report) {
  wire::Report wire;
  wire.set_node(report.node.value);
  wire.set_now_ns(report.now.count_ns());
  wire.set_finished(report.finished);
  for (const auto& record : report.records) to_wire(record, *wire.add_records());
  return frame_of(FrameType::report, wire);
}

Result<Report> parse_report(const Frame& frame) {
  wire::Report wire;
  if (!read_frame(frame, FrameType::report, wire)) return malformed("report");
  Report report{{wire.node()}, Time::at_ns(wire.now_ns()), {}, wire.finished()};
  for (const auto& row : wire.records()) {
    auto record = from_wire(row);
    if (!record) return record.error();
    report.records.push_back(std::move(*record));
  }
  return report;
}

Bytes message_size(const Message& message, Epoch epoch) {
  wire::NodeMessage wire;
  fill(wire, NodeId{}, NodeId{}, message);
  wire.set_epoch(epoch.value);
  return Bytes(static_cast<std::int64_t>(kFrameHeader + wire.ByteSizeLong())) + payload_of(message).size;
}

}  // namespace millrace
