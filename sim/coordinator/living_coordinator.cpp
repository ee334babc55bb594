#include "sim/coordinator/living_coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/net/rate_trace.hpp"

namespace millrace {

// Carries out what the conductor requests.
class LivingCoordinator::ToDevices final : public ConductorOutbox {
 public:
  explicit ToDevices(LivingCoordinator& run) : run_(run) {}
  void order(DeviceId to, const Order& order) override {
    if (order.epoch.value == run_.plans_.size()) run_.plans_.push_back(order.plan);
    run_.tell(run_.setup_.word(to, Setup::Way::to_device), Weight::event,
              [&run = run_, to, incarnation = run_.at(to).incarnation, order] {
                run.on_device(to, incarnation, [&run, to, order] {
                  run.member_event(
                      to, [&](Member& member, MemberOutbox& out) { member.on_order(run.now_, order, out); });
                });
              });
  }
  void plan(std::uint64_t number, const std::vector<bool>& usable) override {
    run_.arrange(run_.now_ + run_.setup_.planning(), Weight::event, [&run = run_, number, usable] {
      run.conductor_event([&](ConductorOutbox& out) {
        return run.conductor_.on_planned(run.now_, number, run.setup_.plan_for(usable), out);
      });
    });
  }
  void wake_at(Time when) override {
    run_.arrange(when, Weight::routine, [&run = run_] {
      run.conductor_event([&](ConductorOutbox& out) { return run.conductor_.on_timer(run.now_, out); });
    });
  }
  // The conductor knows when it heard of things; here it is known when they happened.
  void record(const RecoveryRecord& record) override {
    auto exact = record;
    const auto& fault = run_.at(record.device).fault;
    if (fault && *fault <= record.noticed) exact.fault = *fault;
    const auto first = run_.first_results_.find(record.epoch);
    if (exact.first_result && first != run_.first_results_.end()) exact.first_result = first->second;
    run_.setup_.observer.on_recovery(exact);
  }

 private:
  LivingCoordinator& run_;
};

// Carries out what a member requests.
class LivingCoordinator::FromMember final : public MemberOutbox {
 public:
  FromMember(LivingCoordinator& run, DeviceId device) : run_(run), device_(device) {}
  void status(const Status& status) override {
    run_.tell(run_.setup_.word(device_, Setup::Way::from_device), Weight::routine, [&run = run_, status] {
      run.conductor_event(
          [&](ConductorOutbox& out) { return run.conductor_.on_status(run.now_, status, out); });
    });
  }
  void load(Epoch epoch, const Plan& plan) override { run_.load(device_, epoch, plan); }
  void begin(MicrobatchId first) override {
    Event event{Event::Kind::epoch, run_.now_, {}, Feedback{}};
    event.begin = {.upstream = {0}, .downstream = {1}, .first = first};
    run_.tell_end(device_, Role::source, std::move(event));
  }
  void confirm(MicrobatchId next) override {
    Event event{Event::Kind::confirmed, run_.now_, {}, Feedback{}};
    event.next = next;
    run_.tell_end(device_, Role::source, std::move(event));
  }
  void wake_at(Time when) override {
    const auto incarnation = run_.at(device_).incarnation;
    run_.arrange(when, Weight::routine, [&run = run_, device = device_, incarnation] {
      run.on_device(device, incarnation, [&run, device] {
        run.member_event(device, [&](Member& member, MemberOutbox& out) { member.on_timer(run.now_, out); });
      });
    });
  }

 private:
  LivingCoordinator& run_;
  DeviceId device_;
};

namespace {

// Devices that join later are not there at the start.
std::vector<bool> present_at_start(const LivingCoordinator::Setup& setup) {
  std::vector<bool> present(setup.devices.size(), true);
  for (const auto& fault : setup.faults)
    if (fault.kind == Fault::Kind::join) present.at(fault.device.value) = false;
  return present;
}

}  // namespace

LivingCoordinator::LivingCoordinator(Setup setup)
    : setup_(std::move(setup)),
      conductor_({.plan = setup_.plan,
                  .devices = setup_.devices,
                  .present = present_at_start(setup_),
                  .heartbeat = setup_.heartbeat,
                  .patience = setup_.patience}),
      devices_(setup_.devices.size()),
      plans_{setup_.plan} {}

LivingCoordinator::~LivingCoordinator() = default;

Result<Time> LivingCoordinator::run() {
  fail(start());
  while (!finished_ && !failure_) {
    if (setup_.observer.interrupted())
      return Error{fmt::format("interrupted at {:.3f} s of scenario time", now_.seconds())};
    fail(step());
    if (setup_.after_each && !failure_) fail(setup_.after_each());
  }
  ToDevices out(*this);
  conductor_.on_end(out);
  if (failure_) return *failure_;
  return now_;
}

void LivingCoordinator::fail(const Result<void>& result) {
  if (!result && !failure_) failure_ = result.error();
}

Result<void> LivingCoordinator::start() {
  const auto& plan = plans_.front();
  for (std::uint32_t i = 0; i < plan.node_count(); ++i)
    if (auto built = build(plan, {i}, {}); !built) return built;
  ToDevices out(*this);
  if (auto started = conductor_.on_start(now_, out); !started) return started;
  const auto present = present_at_start(setup_);
  for (std::uint32_t i = 0; i < devices_.size(); ++i) {
    if (!present[i]) continue;
    for (const auto& stage : plan.stages)
      if (stage.device == DeviceId{i}) devices_[i].held.push_back(stage.layers);
    devices_[i].member = std::make_unique<Member>(Member::Config{.device = {i},
                                                                 .incarnation = 0,
                                                                 .heartbeat = setup_.heartbeat,
                                                                 .start = Member::Start::in_epoch_0,
                                                                 .source = plan.source == DeviceId{i}});
    member_event({i}, [&](Member& member, MemberOutbox& to) { member.on_start(now_, to); });
  }
  for (const auto& fault : setup_.faults) arrange(fault.at, Weight::event, [this, fault] { begin(fault); });
  return {};
}

// --- what is arranged for an instant

void LivingCoordinator::arrange(Time when, Weight weight, std::function<void()> what) {
  if (weight == Weight::event) ++events_;
  arranged_.emplace(when, Arranged{weight, std::move(what)});
}

void LivingCoordinator::tell(std::optional<Duration> takes, Weight weight, std::function<void()> what) {
  if (takes) arrange(now_ + *takes, weight, std::move(what));
}

// Runs it when the device does not hang. Another incarnation knows nothing of it.
void LivingCoordinator::on_device(DeviceId id, std::uint64_t incarnation, const std::function<void()>& what) {
  auto& device = at(id);
  if (!device.member || device.incarnation != incarnation) return;
  if (hangs(device) || !device.waiting.empty()) return device.waiting.push_back(what);
  what();
}

void LivingCoordinator::member_event(DeviceId device,
                                     const std::function<void(Member&, MemberOutbox&)>& what) {
  FromMember out(*this, device);
  what(*at(device).member, out);
}

void LivingCoordinator::conductor_event(const std::function<Result<void>(ConductorOutbox&)>& what) {
  ToDevices out(*this);
  fail(what(out));
}

// --- the loop

Result<void> LivingCoordinator::step() {
  if (!local_.empty()) {
    auto message = std::move(local_.front());
    local_.pop_front();
    return receive(message), Result<void>();
  }
  const auto next = std::ranges::min_element(
      seats_, {}, [](const auto& seat) { return std::tuple(seat->promise, seat->node, seat->epoch); });
  const Time promise = next == seats_.end() ? Time::never() : (*next)->promise;
  const Time arranged = arranged_.empty() ? Time::never() : arranged_.begin()->first;
  const Time limit = std::min(promise, arranged);
  if (const auto delivery = setup_.network.run_until(limit)) return deliver(*delivery), Result<void>();
  if (setup_.network.now() < limit && setup_.observer.interrupted()) return {};
  if (limit == Time::never() || idle()) return stuck();
  if (limit > RateTrace::kHorizon)
    return Error{fmt::format("the next event is at {:.3g} s; networks end at {:.3g} s", limit.seconds(),
                             RateTrace::kHorizon.seconds())};
  now_ = limit;
  if (arranged > limit) return moved_ = now_, hand_over(**next, {Event::Kind::wake, now_, {}, Feedback{}});
  auto due = std::move(arranged_.extract(arranged_.begin()).mapped());
  if (due.weight == Weight::event) --events_, moved_ = now_;
  due.what();
  return {};
}

// Nothing is left but heartbeats.
bool LivingCoordinator::idle() const {
  return events_ == 0 && conductor_.steady() && now_ - moved_ > setup_.heartbeat * 4 &&
         setup_.network.next_event() == Time::never() &&
         std::ranges::all_of(seats_, [](const auto& seat) { return seat->promise == Time::never(); });
}

Error LivingCoordinator::stuck() const {
  const auto at = fmt::format("the pipeline is stuck at {:.3f} s: ", moved_.seconds());
  if (under_way_.empty()) return {at + "no node has anything to do and nothing is under way"};
  const auto& item = under_way_.oldest();
  const auto& plan = plans_[item.message.epoch.value];
  const DeviceId from = plan.device_of(item.message.from), to = plan.device_of(item.message.to);
  return {fmt::format(
      "{}{}, never arrives: {}", at, what_it_is(plan, item),
      setup_.why ? setup_.why(from, to, std::max(now_, setup_.network.now())) : "its link carries nothing")};
}

Error LivingCoordinator::in_context(const Seat& seat, const Error& error) const {
  return error.in(
      fmt::format("{} at {:.3f} s", node_name(plans_[seat.epoch.value], seat.node), now_.seconds()));
}

// --- nodes and their messages

Result<void> LivingCoordinator::build(const Plan& plan, NodeId node, Epoch epoch) {
  auto attachment = setup_.build(plan, node, epoch);
  if (!attachment) return attachment.error();
  const Role role = node == plan.source_node() ? Role::source
                    : node == plan.sink_node() ? Role::sink
                                               : Role::stage;
  seats_.push_back(std::make_unique<Seat>(
      Seat{plan.device_of(node), epoch, node, role, std::move(*attachment), Time::never()}));
  return hand_over(*seats_.back(), {Event::Kind::start, now_, {}, Feedback{}});
}

Result<void> LivingCoordinator::hand_over(Seat& seat, Event event) {
  if (auto begun = seat.attachment->begin(std::move(event)); !begun) return in_context(seat, begun.error());
  auto turn = seat.attachment->end();
  if (!turn) return in_context(seat, turn.error());
  return take(seat, std::move(*turn));
}

Result<void> LivingCoordinator::take(Seat& seat, Turn turn) {
  if (turn.promise < now_) return in_context(seat, Error{"it promised to act in the past"});
  seat.promise = turn.promise;
  for (const auto& record : turn.records) {
    tell_epoch(seat.epoch);
    setup_.observer.on_record(now_, seat.node, record);
    const auto* completion = std::get_if<CompletionRecord>(&record);
    if (completion == nullptr) continue;
    const auto& source = at(plans_.front().source);
    if (source.member && source.member->state().epoch == seat.epoch && source.member->state().begun)
      first_results_.try_emplace(seat.epoch, completion->completed);
    member_event(seat.device, [&](Member& member, MemberOutbox& out) {
      member.on_recorded(now_, completion->microbatch, out);
    });
  }
  for (auto& sent : turn.sends) send(seat, std::move(sent));
  finished_ = finished_ || (turn.finished && seat.role == Role::sink);
  return {};
}

void LivingCoordinator::send(const Seat& seat, Turn::Send sent) {
  const auto& plan = plans_[seat.epoch.value];
  const auto* activation = std::get_if<Activation>(&sent.message);
  if (seat.role == Role::source && activation != nullptr)
    at(seat.device).member->on_sent(activation->microbatch);
  NodeMessage message{seat.node, sent.to, std::move(sent.message), {}, seat.epoch};
  if (plan.device_of(sent.to) == seat.device) return local_.push_back(std::move(message));
  setup_.network.submit(now_, under_way_.add(plan, std::move(message), now_));
}

void LivingCoordinator::deliver(const Delivery& delivery) {
  now_ = moved_ = delivery.at;
  auto [message, record] = under_way_.take(delivery);
  const auto& plan = plans_[message.epoch.value];
  tell_epoch(message.epoch);
  setup_.observer.on_transfer(record);
  for (const auto node : {message.from, message.to}) {
    const auto& cut = at(plan.device_of(node)).cut;
    if (cut && message.epoch <= *cut) return;
  }
  receive(message);
}

void LivingCoordinator::receive(const NodeMessage& message) {
  const DeviceId to = plans_[message.epoch.value].device_of(message.to);
  on_device(to, at(to).incarnation, [this, to, message] {
    if (!at(to).member->takes(message.epoch)) return;  // late
    for (auto& seat : seats_) {
      if (seat->device != to || seat->epoch != message.epoch || seat->node != message.to) continue;
      return fail(hand_over(*seat, {Event::Kind::message, now_, message.from, message.message}));
    }
    fail(Error{"a message to a node that its device does not have"});
  });
}

void LivingCoordinator::tell_epoch(Epoch epoch) {
  if (std::exchange(told_, epoch) != epoch) setup_.observer.on_epoch(epoch, plans_[epoch.value]);
}

std::vector<LivingCoordinator::Living> LivingCoordinator::nodes() const {
  std::vector<Living> living;
  for (const auto& seat : seats_) {
    const auto& member = devices_[seat->device.value].member;
    living.push_back({seat->device, seat->epoch, seat->node, member && member->takes(seat->epoch)});
  }
  return living;
}

}  // namespace millrace
