#include "sim/coordinator/emulator.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

// Ctrl-C and lost agents are noticed at least this often.
constexpr Duration kPatience = Duration::ms(50);
// A pull does not run an event exactly at its limit.
constexpr Duration kAfter = Duration::ns(1);
// After the sink's last report, records still under way are taken until none comes for a while.
constexpr Duration kQuiet = Duration::ms(50), kDrain = Duration::ms(300);

}  // namespace

Emulator::Emulator(Setup setup) : setup_(std::move(setup)) {
  MR_CHECK(setup_.costs.size() == setup_.plan.node_count());
}

const std::string& Emulator::device(NodeId node) const {
  return setup_.spec.devices.at(setup_.plan.device_of(node).value);
}

Result<Time> Emulator::run() {
  setup_.nodes.start();
  moved_ = setup_.audit.now();
  while (!finished_) {
    if (auto stepped = step(); !stepped) return stepped.error();
  }
  drain();
  return completed_;
}

// Handles the network's due events first, then the nodes' messages and reports, for which it waits no longer
// than until the network's next event.
Result<void> Emulator::step() {
  if (setup_.observer.interrupted())
    return Error{fmt::format("interrupted at {:.3f} s of the run", now_.seconds())};
  pull();
  if (auto punctual = check(); !punctual) return punctual;
  const Time next = setup_.network.next_event();
  const Duration pause = next == Time::never() ? kPatience : next - setup_.audit.now() + kAfter;
  if (auto heard = listen(std::clamp(pause, Duration{}, kPatience)); !heard) return heard;
  if (auto punctual = check(); !punctual) return punctual;
  if (!under_way_.empty() && now_ - moved_ > setup_.timeout) return stuck();
  return {};
}

Error Emulator::stuck() const {
  const auto& item = under_way_.oldest();
  const DeviceId from = setup_.plan.device_of(item.message.from), to = setup_.plan.device_of(item.message.to);
  return {fmt::format(
              "nothing has moved for {:.1f} s: {}, does not arrive: {}. A larger run.timeout waits longer",
              setup_.timeout.seconds(), what_it_is(setup_.plan, item),
              setup_.why ? setup_.why(from, to, now_) : "its link carries nothing"),
          ExitCode::timeout};
}

// Brings the network up to now, and never beyond: a node may send at any moment.
void Emulator::pull() {
  const Time begin = setup_.audit.now();
  Duration handing_over;
  while (const auto delivery = setup_.network.run_until(std::max(begin, setup_.network.now()))) {
    const Time before = setup_.audit.now();
    deliver(*delivery);
    handing_over += setup_.audit.now() - before;
    if (setup_.audit.violation()) break;
  }
  now_ = setup_.audit.now();
  busy_ += (now_ - begin) - handing_over;
}

void Emulator::deliver(const Delivery& delivery) {
  auto [message, record] = under_way_.take(delivery);
  setup_.observer.on_transfer(record);
  moved_ = setup_.audit.now();
  if (!setup_.audit.violation())
    last_ = fmt::format("link {} -> {} could not be kept up with: a message was handed over",
                        device(message.from), device(message.to));
  setup_.audit.note(Lateness::delivery, delivery.at);
  setup_.nodes.deliver(std::move(message));
}

// Waits for a message or report, at most `patience`, then takes all that are there already.
Result<void> Emulator::listen(Duration patience) {
  for (;;) {
    auto word = setup_.nodes.next(patience);
    if (!word) return word.error();
    now_ = setup_.audit.now();
    if (!*word) return {};
    if (auto taken = take(std::move(**word)); !taken) return taken;
    if (finished_ || setup_.audit.violation()) return {};
    patience = Duration{};
    if (setup_.network.next_event() <= now_) return {};
  }
}

Result<void> Emulator::take(WallNodes::Word word) {
  moved_ = now_;
  if (auto* report = std::get_if<Report>(&word)) {
    take(*report);
    return {};
  }
  auto& message = std::get<NodeMessage>(word);
  const auto& plan = setup_.plan;
  const auto from = message.from.value, to = message.to.value;
  const bool neighbours = to == from + 1 || from == to + 1;
  if (from >= plan.node_count() || to >= plan.node_count() || !neighbours)
    return Error{from < plan.node_count() ? fmt::format("{} sent a message to a node that is not a neighbour",
                                                        node_name(plan, message.from))
                                          : std::string("a message from a node that the plan does not have")};
  if (!message.at) return Error{"a message that does not say when it was sent"};
  send(std::move(message));
  return {};
}

// The message leaves at the instant it was sent, or at the network's instant if that is later.
void Emulator::send(NodeMessage message) {
  if (!setup_.audit.violation())
    last_ = fmt::format("link {} -> {} could not be kept up with: a message reached the network",
                        device(message.from), device(message.to));
  const Time sent = *std::exchange(message.at, std::nullopt);
  setup_.audit.note(Lateness::send, sent);
  if (setup_.plan.device_of(message.from) == setup_.plan.device_of(message.to))
    return setup_.nodes.deliver(std::move(message));
  const Time depart = std::max(std::min(sent, now_), setup_.network.now());
  setup_.network.submit(depart, under_way_.add(setup_.plan, std::move(message), depart));
}

void Emulator::take(const Report& report) {
  for (const auto& record : report.records) {
    if (const auto* stage = std::get_if<StageRecord>(&record)) audit_compute(report.node, *stage);
    if (const auto* completion = std::get_if<CompletionRecord>(&record)) completed_ = completion->completed;
    setup_.observer.on_record(report.now, report.node, record);
  }
  finished_ = finished_ || (report.finished && report.node == setup_.plan.sink_node());
}

// Work that took longer than its profile says cannot be corrected by sleeping: it is audited.
void Emulator::audit_compute(NodeId node, const StageRecord& record) {
  const auto planned = [&](WorkKind kind) {
    Work work;
    work.kind = kind;
    work.images = record.images;
    return setup_.costs[node.value]->planned(work);
  };
  const auto forward = planned(WorkKind::forward), encode = planned(WorkKind::encode);
  if (!forward || !encode) return;
  const Duration takes = forward->total() + encode->total();
  if (!setup_.audit.violation())
    last_ = fmt::format("{} could not be imitated: what takes {:.3f} ms by its profile was finished",
                        node_name(setup_.plan, node), takes.milliseconds());
  setup_.audit.note_duration(Lateness::compute, record.cost.total() - takes);
}

void Emulator::drain() {
  const Time give_up = setup_.audit.now() + kDrain;
  while (setup_.audit.now() < give_up) {
    auto word = setup_.nodes.next(kQuiet);
    if (!word || !*word) return;
    if (auto* report = std::get_if<Report>(&**word)) take(*report);
  }
}

Result<void> Emulator::check() const {
  if (setup_.audit.violation()) return too_late();
  return {};
}

Error Emulator::too_late() const {
  const auto& violation = *setup_.audit.violation();
  const std::string what = violation.kind == Lateness::network_event ? network_was_late(violation) : last_;
  const Time at = violation.kind == Lateness::compute ? now_ : violation.at;
  return {fmt::format("at {:.3f} s {} {:.3f} ms late, and run.lateness_limit is {:g} ms; {}", at.seconds(),
                      what, violation.late.milliseconds(), setup_.audit.limit().milliseconds(), advice()),
          ExitCode::fidelity};
}

// The network spent most of its time on the link that carried most.
std::string Emulator::network_was_late(const LatenessAudit::Violation&) const {
  LinkId busiest{0};
  for (std::uint32_t i = 0; i < setup_.meter.links(); ++i)
    if (setup_.meter.total({i}) > setup_.meter.total(busiest)) busiest = {i};
  const auto& link = setup_.spec.links.at(busiest.value);
  const double mbit = static_cast<double>(setup_.meter.total(busiest)) * 1e-15;
  std::string text = fmt::format("link {} -> {} could not be kept up with",
                                 setup_.spec.devices[link.from.value], setup_.spec.devices[link.to.value]);
  if (mbit > 0 && busy_ > Duration{})
    text +=
        fmt::format(": this machine carries {:.3g} Mbit/s over it in packets of {} B, and its packets were",
                    mbit / busy_.seconds(), setup_.spec.mtu.count());
  else
    text += ", of which too little has passed to say what rate this machine carries: its packets were";
  return text;
}

std::string Emulator::advice() const {
  const double share = now_ > Time::zero() ? busy_.seconds() / now_.seconds() : 1;
  const auto kind = setup_.audit.violation()->kind;
  if (kind == Lateness::compute)
    return "this machine is too slow or too busy for it; give the device a slower profile, or use mode cosim";
  if (share < 0.5)
    return fmt::format(
        "the network needed only {:.0f} % of the time, so something else occupies this machine's "
        "processors: the stages' own computing, or other programs. Use mode cosim, or a larger "
        "run.lateness_limit",
        100 * share);
  return "lower the rate, raise network.mtu, or use mode cosim, which takes the time it needs; "
         "`millrace doctor SCENARIO` tells beforehand";
}

}  // namespace millrace
