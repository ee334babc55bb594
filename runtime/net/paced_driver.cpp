#include "runtime/net/paced_driver.hpp"

#include <fmt/format.h>

#include "runtime/wire/messages.hpp"

namespace millrace {

PacedDriver::PacedDriver(FrameChannel& host, std::map<NodeId, VirtualNode::Parts>&& parts) : host_(host) {
  for (auto& [id, part] : parts) {
    WallNode::Hooks hooks;
    hooks.send = [this, from = id](Time now, NodeId to, Message message) {
      host_.send(to_frame(FrameType::message, NodeMessage{from, to, std::move(message), now}));
    };
    hooks.report = [this, node = id](Time now, std::vector<Record> records, bool finished) {
      host_.send(to_frame(Report{node, now, std::move(records), finished}));
    };
    hooks.fail = [this](const Error& error) { fail(error); };
    nodes_.emplace(id, std::make_unique<WallNode>(std::move(part), std::move(hooks)));
  }
}

PacedDriver::~PacedDriver() = default;

void PacedDriver::start() {
  const auto zero = WallNode::Clock::now();
  for (auto& [id, node] : nodes_) node->start(zero);
}

Result<void> PacedDriver::on_frame(const Frame& frame) {
  if (frame.type != FrameType::message) return Error{"the host sent a frame that mode emulate does not know"};
  auto message = parse_message(frame);
  if (!message) return message.error();
  const auto node = nodes_.find(message->to);
  if (node == nodes_.end())
    return Error{fmt::format("the host sent a message for node {}, which is not here", message->to.value)};
  node->second->deliver(message->from, std::move(message->message));
  return {};
}

// Only the first failure is reported.
void PacedDriver::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failed_, true)) return;
  }
  host_.send(to_frame(error));
}

}  // namespace millrace
