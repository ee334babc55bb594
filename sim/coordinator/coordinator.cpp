#include "sim/coordinator/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/net/rate_trace.hpp"

namespace millrace {

Coordinator::Coordinator(Setup setup)
    : setup_(std::move(setup)), promises_(setup_.nodes.size(), Time::never()) {
  MR_CHECK(setup_.nodes.size() == setup_.plan.node_count());
}

Result<Time> Coordinator::run() {
  if (auto started = start(); !started) return started.error();
  while (!finished_) {
    if (setup_.observer.interrupted()) return interrupted();
    if (auto stepped = step(); !stepped) return stepped.error();
  }
  return now_;
}

// Starts all nodes before it waits for the first, so that they build threads and buffers in parallel.
Result<void> Coordinator::start() {
  for (auto& node : setup_.nodes) {
    if (auto begun = node->begin({Event::Kind::start, Time::zero(), {}, Feedback{}}); !begun) return begun;
  }
  for (std::uint32_t i = 0; i < setup_.nodes.size(); ++i) {
    auto turn = setup_.nodes[i]->end();
    if (!turn) return in_context(NodeId{i}, turn.error());
    if (auto taken = take(NodeId{i}, std::move(*turn)); !taken) return taken;
  }
  return {};
}

NodeId Coordinator::next_to_wake() const {
  const auto earliest = std::min_element(promises_.begin(), promises_.end());
  return NodeId{static_cast<std::uint32_t>(earliest - promises_.begin())};
}

Result<void> Coordinator::step() {
  if (!local_.empty()) {
    auto local = std::move(local_.front());
    local_.pop_front();
    return hand_over(local.to, {Event::Kind::message, now_, local.from, std::move(local.message)});
  }
  const NodeId node = next_to_wake();
  const Time promise = promises_[node.value];
  if (const auto delivery = setup_.network.run_until(promise)) return deliver(*delivery);
  const bool ended_early = promise == Time::never() || setup_.network.now() < promise;
  if (ended_early && setup_.observer.interrupted()) return interrupted();
  if (promise == Time::never()) return stuck();
  if (promise > RateTrace::kHorizon) {
    return in_context(node, Error{fmt::format("its next event is at {:.3g} s; networks end at {:.3g} s",
                                              promise.seconds(), RateTrace::kHorizon.seconds())});
  }
  now_ = promise;
  return hand_over(node, {Event::Kind::wake, now_, {}, Feedback{}});
}

Error Coordinator::interrupted() const {
  return {fmt::format("interrupted at {:.3f} s of scenario time", now_.seconds())};
}

Error Coordinator::stuck() const {
  const auto at = fmt::format("the pipeline is stuck at {:.3f} s: ", now_.seconds());
  if (under_way_.empty()) return {at + "no node has anything to do and nothing is under way"};
  const auto& item = under_way_.oldest();
  const DeviceId from = setup_.plan.device_of(item.message.from), to = setup_.plan.device_of(item.message.to);
  return {fmt::format(
      "{}{}, never arrives: {}", at, what_it_is(setup_.plan, item),
      setup_.why ? setup_.why(from, to, std::max(now_, setup_.network.now())) : "its link carries nothing")};
}

Result<void> Coordinator::hand_over(NodeId node, Event event) {
  auto& attachment = *setup_.nodes.at(node.value);
  if (auto begun = attachment.begin(std::move(event)); !begun) return in_context(node, begun.error());
  auto turn = attachment.end();
  if (!turn) return in_context(node, turn.error());
  return take(node, std::move(*turn));
}

Error Coordinator::in_context(NodeId node, const Error& error) const {
  return error.in(fmt::format("{} at {:.3f} s", node_name(setup_.plan, node), now_.seconds()));
}

Result<void> Coordinator::take(NodeId node, Turn turn) {
  if (turn.promise < now_) return in_context(node, Error{"it promised to act in the past"});
  promises_[node.value] = turn.promise;
  for (const auto& record : turn.records) setup_.observer.on_record(now_, node, record);
  for (auto& sent : turn.sends) send(node, std::move(sent));
  finished_ = finished_ || turn.finished;
  return {};
}

void Coordinator::send(NodeId from, Turn::Send sent) {
  NodeMessage message{from, sent.to, std::move(sent.message)};
  if (setup_.plan.device_of(from) == setup_.plan.device_of(sent.to))
    return local_.push_back(std::move(message));
  setup_.network.submit(now_, under_way_.add(setup_.plan, std::move(message), now_));
}

Result<void> Coordinator::deliver(const Delivery& delivery) {
  now_ = delivery.at;
  auto [message, record] = under_way_.take(delivery);
  setup_.observer.on_transfer(record);
  return hand_over(message.to, {Event::Kind::message, now_, message.from, std::move(message.message)});
}

}  // namespace millrace
