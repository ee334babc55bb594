#include "sim/bridge/report_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/sha256.hpp"

namespace millrace {

namespace {

// Values in one microbatch. Sums over all microbatches of a run stay below 2^63.
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 40;
// Bytes that one sender has on their way and waiting: a window of the largest payloads.
constexpr std::int64_t kMaxOnTheWay = std::int64_t{1} << 50;
constexpr double kMaxBits = 64;
// The largest payload in a nanosecond: between nodes of one device, a transfer takes almost no time.
constexpr double kMaxMbitPerS = 1e13;
// A label is one of the model's outputs; no model has more.
constexpr std::uint32_t kMaxLabel = 1U << 24;
// Bytes on the wire: an output with its hash, a sample, everything else.
constexpr std::size_t kOutputBytes = 112, kSampleBytes = 72, kOtherBytes = 16 << 10;

bool in_order(std::initializer_list<Time> instants, Time last) {
  return *instants.begin() >= Time::zero() && std::is_sorted(instants.begin(), instants.end()) &&
         *(instants.end() - 1) <= last;
}

bool within(double value, double most) { return std::isfinite(value) && value >= 0 && value <= most; }

bool is_payload(Bytes size) { return size >= Bytes(0) && size <= Bytes(kMaxPayload); }

}  // namespace

ReportCheck::ReportCheck(const Scenario& scenario, const Plan& plan)
    : scenario_(scenario), plan_(plan), nodes_(plan.node_count()) {}

Error ReportCheck::refused(NodeId node, const std::string& finding) const {
  return {fmt::format("what it says of {} is refused: {}; such an agent is not to be believed",
                      node_name(plan_, node), finding)};
}

std::size_t ReportCheck::largest() const {
  const auto images = static_cast<std::size_t>(std::max(scenario_.model.microbatch, 1));
  return kOtherBytes + images * kOutputBytes + (DecisionRecord::kMaxSeen + 64) * kSampleBytes;
}

Result<void> ReportCheck::whole(NodeId node, MicrobatchId microbatch, std::uint32_t images) const {
  const auto all = scenario_.microbatches();
  if (microbatch.value >= all)
    return refused(node, fmt::format("microbatch {}, and the run has 0 to {}", microbatch.value, all - 1));
  const auto size = static_cast<std::uint64_t>(scenario_.model.microbatch);
  const auto expected = std::min(size, scenario_.workload.images - microbatch.value * size);
  if (images == expected) return {};
  return refused(node,
                 fmt::format("{} images in microbatch {}, which has {}", images, microbatch.value, expected));
}

// Each microbatch comes once, and in order.
Result<void> ReportCheck::next(NodeId node, MicrobatchId microbatch, std::uint32_t images,
                               std::uint64_t& expected) const {
  if (auto known = whole(node, microbatch, images); !known) return known;
  if (microbatch.value != expected) {
    return refused(node, fmt::format("microbatch {} where {} was to come: each comes once, and in order",
                                     microbatch.value, expected));
  }
  ++expected;
  return {};
}

Result<void> ReportCheck::take(const Said& said) {
  if (said.node.value >= nodes_.size()) return Error{"it spoke for a node that does not exist"};
  auto& progress = nodes_[said.node.value];
  if (!in_order({progress.now, said.now}, said.latest)) {
    return refused(said.node, fmt::format("it is {:.3f} s by its clock, where it was {:.3f} s and cannot be "
                                          "later than {:.3f} s",
                                          said.now.seconds(), progress.now.seconds(), said.latest.seconds()));
  }
  progress.now = said.now;
  for (const auto& record : said.records) {
    auto taken = std::visit([&](const auto& one) { return this->take(said, progress, one); }, record);
    if (!taken) return taken;
  }
  if (!said.finished || said.node != plan_.sink_node() || progress.completed == scenario_.microbatches())
    return {};
  return refused(said.node, fmt::format("it has finished, after {} of {} microbatches", progress.completed,
                                        scenario_.microbatches()));
}

Result<void> ReportCheck::take(const Said& said, Progress& progress, const StageRecord& record) const {
  if (!plan_.is_stage(said.node)) return refused(said.node, "a stage's record, but it is not a stage");
  if (auto due = next(said.node, record.microbatch, record.images, progress.staged); !due) return due;
  const auto of = [&](std::string_view what) {
    return refused(said.node, fmt::format("{} of microbatch {}", what, record.microbatch.value));
  };
  if (!in_order({record.arrived, record.started, record.computed, record.encoded, record.sent}, said.now))
    return of("instants that are not in order, or not yet");
  const auto left = said.latest - Time::zero() - progress.worked;
  const auto& cost = record.cost;
  for (const auto part : {cost.decode, cost.compute, cost.encode}) {
    if (part < Duration{} || part > left) return of("more work than there was time for, or less than none,");
  }
  if (cost.decode + cost.compute > left || cost.total() > left)
    return of("more work than there was time for");
  progress.worked += cost.total();
  if (!within(record.bit_width, kMaxBits) || record.values > kMaxValues || !is_payload(record.payload))
    return of("bits, values or bytes beyond all limits");
  return {};
}

Result<void> ReportCheck::take(const Said& said, Progress& progress, const CompletionRecord& record) const {
  if (said.node != plan_.sink_node()) return refused(said.node, "a result, and it is not the sink");
  if (auto due = next(said.node, record.microbatch, record.images, progress.completed); !due) return due;
  const auto of = [&](const std::string& what) {
    return refused(said.node, fmt::format("microbatch {} {}", record.microbatch.value, what));
  };
  if (!in_order({record.completed}, said.now)) return of("was complete before the run or is not yet");
  if (!in_order({record.created}, said.latest) || record.created - record.completed > clocks_apart_)
    return of(fmt::format("was created at {:.3f} s and complete at {:.3f} s", record.created.seconds(),
                          record.completed.seconds()));
  if (record.outputs.size() != record.images)
    return of(fmt::format("has {} results for {} images", record.outputs.size(), record.images));
  std::uint64_t image = record.microbatch.value * static_cast<std::uint64_t>(scenario_.model.microbatch);
  for (const auto& output : record.outputs) {
    if (output.image != image++) return of(fmt::format("has a result for image {}", output.image));
    if (!output.logits_sha256.empty() && !is_sha256(output.logits_sha256)) return of("has a malformed hash");
    for (const auto& number : {output.predicted, output.label, output.label_rank}) {
      if (number && *number >= kMaxLabel) return of(fmt::format("is of class {}", *number));
    }
  }
  return {};
}

Result<void> ReportCheck::sound(NodeId node, const LinkSample& sample, Time now) const {
  if (auto known = whole(node, sample.microbatch, sample.images); !known) return known;
  if (node == plan_.sink_node() || sample.to != NodeId{node.value + 1})
    return refused(node, fmt::format("a link to node {}, to which it sends nothing", sample.to.value));
  if (in_order({sample.sent, sample.acknowledged}, now) && is_payload(sample.size) &&
      sample.values <= kMaxValues)
    return {};
  return refused(node, fmt::format("the instants, bytes or values of microbatch {} on its link cannot be",
                                   sample.microbatch.value));
}

Result<void> ReportCheck::take(const Said& said, Progress& progress, const LinkSample& record) const {
  if (auto fits = sound(said.node, record, said.now); !fits) return fits;
  return next(said.node, record.microbatch, record.images, progress.sampled);
}

Result<void> ReportCheck::take(const Said& said, Progress& progress, const DecisionRecord& record) const {
  if (!plan_.is_stage(said.node) || record.to != NodeId{said.node.value + 1})
    return refused(said.node, "a decision that is not its own");
  const auto& outgoing = record.outgoing;
  if (auto due = next(said.node, outgoing.microbatch, outgoing.images, progress.decided); !due) return due;
  const auto& sender = outgoing.sender;
  const bool possible =
      within(record.bits_per_value, kMaxBits) && within(record.observed_mbit_per_s, kMaxMbitPerS) &&
      outgoing.values <= kMaxValues && in_order({Time::zero() + outgoing.encode}, said.latest) &&
      in_order({sender.oldest_sent}, said.now) && sender.in_flight_size <= Bytes(kMaxOnTheWay) &&
      sender.ready_size <= Bytes(kMaxOnTheWay);
  if (!possible) {
    return refused(said.node, fmt::format("the numbers of its decision on microbatch {} cannot be",
                                          outgoing.microbatch.value));
  }
  for (const auto& sample : record.seen) {
    if (auto fits = sound(said.node, sample, said.now); !fits) return fits;
  }
  return {};
}

Result<void> ReportCheck::check(const NodeMessage& message, Time latest) const {
  if (const auto* activation = std::get_if<Activation>(&message.message)) {
    if (auto known = whole(message.from, activation->microbatch, activation->images); !known) return known;
    const auto first = activation->microbatch.value * static_cast<std::uint64_t>(scenario_.model.microbatch);
    if (activation->first_image == first && activation->values <= kMaxValues &&
        in_order({activation->created}, latest))
      return {};
    return refused(message.from, fmt::format("microbatch {} begins with image {}, has {} values and was "
                                             "created at {:.3f} s",
                                             activation->microbatch.value, activation->first_image,
                                             activation->values, activation->created.seconds()));
  }
  const auto& acknowledged = std::get<Feedback>(message.message).acknowledged;
  if (!acknowledged || acknowledged->value < scenario_.microbatches()) return {};
  return refused(message.from, fmt::format("it has taken microbatch {}, and the run has {}",
                                           acknowledged->value, scenario_.microbatches()));
}

}  // namespace millrace
