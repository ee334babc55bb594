// The messages in frames, as plain structs, and their encodings. Protocol Buffers stay behind this header.
// Every parse function checks what the receiver relies on: kinds, counts, non-negative sizes; hostile bytes
// give an Error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/endpoint.hpp"
#include "runtime/base/log.hpp"
#include "runtime/node/virtual_node.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "runtime/wire/frame.hpp"

namespace millrace {

struct Hello {
  std::string sender;  // "host", "agent", "peer"
  std::string release;
  std::string scenario_sha256;  // empty: not known yet
  std::vector<std::string> devices;
  NodeId from_node, to_node;  // peer
  std::string run{};          // host, peer: a random name of the run, which keeps out peers of earlier runs
  Duration heartbeat{};       // host: the interval of heartbeats of both ends; 0: not given
};

// A file that the scenario names. An agent that does not have it requests it from the host, piece by piece.
struct InputFile {
  std::string path;    // as written in the scenario
  std::string sha256;  // 64 hexadecimal digits
  std::uint64_t size = 0;
};

struct Assign {
  std::string scenario;  // resolved YAML
  Plan plan;
  Mode mode = Mode::cosim;
  std::vector<NodeId> nodes;
  std::vector<InputFile> files{};  // empty: the agent reads the files at the scenario's paths
};

struct Want {
  std::string sha256;
  std::uint64_t offset = 0;
};

// At most kMaxPiece bytes of the file from `offset` on; fewer only at its end.
struct Piece {
  std::string sha256;
  std::uint64_t offset = 0;
  Payload bytes;
};
inline constexpr std::size_t kMaxPiece = 1 << 20;

struct LogLine {
  LogLevel level = LogLevel::note;
  std::string text;
};

struct Farewell {
  std::string figures;  // in Prometheus' text format
};

struct Ready {
  std::uint16_t port = 0;
};

struct Peers {
  std::vector<Endpoint> endpoints;  // one per node
};

struct NodeMessage {
  NodeId from, to;
  Message message;
  std::optional<Time> at{};  // emulate, from agent to host: the time of sending, by the agent's clock
  Epoch epoch{};             // of the plan that the nodes belong to
};

struct NodeEvent {
  NodeId node;
  Event event;
};

struct NodeTurn {
  NodeId node;
  Turn turn;  // without its sends, which precede it in frames of their own
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
Frame to_frame(const Want& want);
Frame to_frame(const Piece& piece);
Frame to_frame(const LogLine& line);
Frame to_frame(const Farewell& farewell);
Frame to_frame(FrameType bare);  // start, stop, heartbeat
// `send` in virtual time, `message` on the wall clock: the same bytes.
Frame to_frame(FrameType type, const NodeMessage& message);

Result<Hello> parse_hello(const Frame& frame);
Error parse_refusal(const Frame& frame);  // the refusal, or an error about a malformed frame
Result<Assign> parse_assign(const Frame& frame);
Result<Ready> parse_ready(const Frame& frame);
Result<Peers> parse_peers(const Frame& frame);
Result<NodeEvent> parse_event(const Frame& frame);
Result<NodeTurn> parse_turn(const Frame& frame);
Result<Report> parse_report(const Frame& frame);
Result<NodeMessage> parse_message(const Frame& frame);
Result<Want> parse_want(const Frame& frame);
Result<Piece> parse_piece(const Frame& frame);
Result<LogLine> parse_log_line(const Frame& frame);
Result<Farewell> parse_farewell(const Frame& frame);

// Makes a text of another process safe for a terminal or a file: no control characters, limited length.
std::string printable(std::string text);

// The size of a message on a network: the length of the frame that carries it between devices, in every mode.
Bytes message_size(const Message& message, Epoch epoch = {});

}  // namespace millrace
