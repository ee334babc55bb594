#include "sim/coordinator/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/coordinator/what_it_is.hpp"
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

// Everything else waits for the message that has been under way longest.
Error Coordinator::stuck() const {
  const auto at = fmt::format("the pipeline is stuck at {:.3f} s: ", now_.seconds());
  const auto oldest = std::ranges::min_element(
      under_way_, {}, [](const auto& entry) { return std::pair(entry.second.submitted, entry.first.value); });
  if (oldest == under_way_.end()) return {at + "no node has anything to do and nothing is under way"};
  const UnderWay& item = oldest->second;
  const DeviceId from = setup_.plan.device_of(item.from), to = setup_.plan.device_of(item.to);
  return {fmt::format(
      "{}{} from {} to {}, under way since {:.3f} s, never arrives: {}", at, what_it_is(item.message),
      node_name(setup_.plan, item.from), node_name(setup_.plan, item.to), item.submitted.seconds(),
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
  const DeviceId source = setup_.plan.device_of(from);
  const DeviceId target = setup_.plan.device_of(sent.to);
  if (source == target) {
    local_.push_back({from, sent.to, std::move(sent.message)});
    return;
  }
  const TransferId id{transfers_++};
  const Bytes size = message_size(sent.message);
  under_way_.emplace(id, UnderWay{from, sent.to, std::move(sent.message), now_, size});
  setup_.network.submit(now_, Transfer{id, source, target, size});
}

Result<void> Coordinator::deliver(const Delivery& delivery) {
  now_ = delivery.at;
  auto found = under_way_.extract(delivery.id);
  MR_CHECK(!found.empty(), "a delivery of what was never sent");
  auto& item = found.mapped();
  TransferRecord record{.id = delivery.id,
                        .from = item.from,
                        .to = item.to,
                        .activation = false,
                        .microbatch = {},
                        .size = item.size,
                        .values = 0,
                        .submitted = item.submitted,
                        .delivered = delivery.at,
                        .queued = delivery.queued,
                        .wire = delivery.wire,
                        .propagation = delivery.propagation};
  if (const auto* activation = std::get_if<Activation>(&item.message)) {
    record.activation = true;
    record.microbatch = activation->microbatch;
    record.values = activation->values;
  } else {
    record.microbatch = std::get<Feedback>(item.message).acknowledged;
  }
  setup_.observer.on_transfer(record);
  return hand_over(item.to, {Event::Kind::message, now_, item.from, std::move(item.message)});
}

}  // namespace millrace
