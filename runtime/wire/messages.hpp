// What travels in frames, as plain structs, and their encodings. Protocol Buffers stay behind this header.
// Every parse checks what the receiver will rely on: kinds, counts, non-negative sizes; hostile bytes give an
// Error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/node/virtual_node.hpp"
#include "runtime/policy/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "runtime/wire/frame.hpp"

namespace millrace {

struct Hello {
  std::string sender;  // "host", "agent", "peer"
  std::string release;
  std::string scenario_sha256;  // empty: not known yet
  std::vector<std::string> devices;
  NodeId from_node, to_node;  // peer
};

struct Assign {
  std::string scenario;  // resolved YAML
  Plan plan;
  Mode mode = Mode::cosim;
  std::vector<NodeId> nodes;
};

struct Ready {
  std::uint16_t port = 0;
};

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};

struct Peers {
  std::vector<Endpoint> endpoints;  // one per node
};

struct NodeMessage {
  NodeId from, to;
  Message message;
  std::optional<Time> at{};  // emulate, from agent to host: when it was sent, by the agent's clock
};

struct Event {
  enum class Kind : std::uint8_t { start, message, wake };
  Kind kind = Kind::start;
  Time now;
  NodeId from;      // message
  Message message;  // message
};

struct NodeEvent {
  NodeId node;
  Event event;
};

struct NodeTurn {
  NodeId node;
  Turn turn;  // without its sends, which came before in frames of their own
};

struct Report {
  NodeId node;
  Time now;
  std::vector<Record> records;
  bool finished = false;
};

Frame to_frame(const Hello& hello);
Frame to_frame(const Error& refusal);
Frame to_frame(const Assign& assign);
Frame to_frame(const Ready& ready);
Frame to_frame(const Peers& peers);
Frame to_frame(const NodeEvent& event);
Frame to_frame(const NodeTurn& turn);
Frame to_frame(const Report& report);
Frame to_frame(FrameType bare);  // start, stop, heartbeat
// `send` in virtual time, `message` on the wall clock: the same bytes.
Frame to_frame(FrameType type, const NodeMessage& message);

Result<Hello> parse_hello(const Frame& frame);
Error parse_refusal(const Frame& frame);  // always some error
Result<Assign> parse_assign(const Frame& frame);
Result<Ready> parse_ready(const Frame& frame);
Result<Peers> parse_peers(const Frame& frame);
Result<NodeEvent> parse_event(const Frame& frame);
Result<NodeTurn> parse_turn(const Frame& frame);
Result<Report> parse_report(const Frame& frame);
Result<NodeMessage> parse_message(const Frame& frame);

// What an event means to a node in virtual time, in this process or behind the bridge.
Result<Turn> take_turn(VirtualNode& node, Event event);

// What a message costs on a network: the length of the frame that carries it between devices, in every mode.
Bytes message_size(const Message& message);

}  // namespace millrace
