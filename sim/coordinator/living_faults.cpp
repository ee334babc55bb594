// What happens to devices in LivingCoordinator: faults, and the loading of an epoch's nodes.
#include <algorithm>
#include <utility>

#include "sim/coordinator/living_coordinator.hpp"

namespace millrace {

void LivingCoordinator::begin(const Fault& fault) {
  auto& device = at(fault.device);
  switch (fault.kind) {
    case Fault::Kind::crash:
      return crash(fault);
    case Fault::Kind::hang:
      return hang(fault);
    case Fault::Kind::leave:
      return leave(fault);
    case Fault::Kind::join:
      return arrive(fault.device);
    case Fault::Kind::slow:
      setup_.slow(fault.device, fault.factor);
      if (fault.length < Duration::max())
        arrange(now_ + fault.length, Weight::event, [this, fault] { setup_.slow(fault.device, 1); });
      return;
    case Fault::Kind::cut:
      if (!device.member) return;
      device.fault = now_;
      device.cut = device.member->state().epoch;
      return on_device(fault.device, device.incarnation, [this, fault] {
        member_event(fault.device, [&](Member& member, MemberOutbox& out) {
          if (member.state().epoch)
            member.on_failed(now_, *member.state().epoch, "its connections broke", out);
        });
      });
  }
}

// The device's program has ended, and what was waiting for it is lost.
void LivingCoordinator::gone(DeviceId id) {
  auto& device = at(id);
  device.member.reset();
  ++device.incarnation;
  device.hangs_until = now_;
  device.waiting.clear();
  device.held.clear();
  std::erase_if(seats_, [&](const auto& seat) { return seat->device == id; });
}

void LivingCoordinator::crash(const Fault& fault) {
  auto& device = at(fault.device);
  if (!device.member) return;
  device.fault = now_;
  const auto incarnation = device.incarnation;
  gone(fault.device);
  tell(
      setup_.word(fault.device, Setup::Way::from_device), Weight::event,
      [this, id = fault.device, incarnation] {
        conductor_event([&](ConductorOutbox& out) { return conductor_.on_lost(now_, id, incarnation, out); });
      });
  if (fault.length < Duration::max())
    arrange(now_ + fault.length, Weight::event, [this, id = fault.device] { arrive(id); });
}

// It works until it is ordered into an epoch without it; when it comes back it is as new.
void LivingCoordinator::leave(const Fault& fault) {
  auto& device = at(fault.device);
  if (!device.member) return;
  device.fault = now_;
  on_device(fault.device, device.incarnation, [this, fault] {
    member_event(fault.device, [&](Member& member, MemberOutbox& out) { member.on_leave(now_, out); });
  });
  if (fault.length == Duration::max()) return;
  arrange(now_ + fault.length, Weight::event, [this, id = fault.device] {
    if (at(id).member) gone(id);
    arrive(id);
  });
}

void LivingCoordinator::arrive(DeviceId id) {
  auto& device = at(id);
  if (device.member) return;
  device.member = std::make_unique<Member>(Member::Config{.device = id,
                                                          .incarnation = device.incarnation,
                                                          .heartbeat = setup_.heartbeat,
                                                          .start = Member::Start::empty,
                                                          .source = id == plans_.front().source});
  member_event(id, [&](Member& member, MemberOutbox& out) { member.on_start(now_, out); });
}

void LivingCoordinator::hang(const Fault& fault) {
  auto& device = at(fault.device);
  const Time until = fault.length == Duration::max() ? Time::never() : now_ + fault.length;
  if (!device.member || until <= device.hangs_until) return;
  device.fault = now_;
  device.hangs_until = until;
  for (auto& seat : seats_) {
    if (seat->device != fault.device) continue;
    Event event{Event::Kind::hang, now_, {}, Feedback{}};
    event.until = until;
    fail(hand_over(*seat, std::move(event)));
  }
  if (until < Time::never()) arrange(until, Weight::event, [this, id = fault.device] { end_hang(id); });
}

void LivingCoordinator::end_hang(DeviceId id) {
  auto& device = at(id);
  while (!hangs(device) && !device.waiting.empty()) {
    const auto what = std::move(device.waiting.front());
    device.waiting.pop_front();
    what();
  }
}

// Source and sink are told of the epoch at once: from now on they take nothing of earlier ones.
void LivingCoordinator::load(DeviceId id, Epoch epoch, const Plan& plan) {
  auto& device = at(id);
  std::erase_if(seats_, [&](const auto& seat) { return seat->device == id && seat->role == Role::stage; });
  for (auto& seat : seats_) {
    if (seat->device != id) continue;
    seat->epoch = epoch;
    if (seat->role == Role::sink) seat->node = plan.sink_node();
  }
  Event event{Event::Kind::epoch, now_, {}, Feedback{}};
  event.begin = {.upstream = {plan.sink_node().value - 1}, .downstream = {1}};
  tell_end(id, Role::source, event);
  tell_end(id, Role::sink, event);
  const auto [takes, moved] = setup_.loading(id, device.held, plan);
  arrange(now_ + takes, Weight::event,
          [this, id, incarnation = device.incarnation, epoch, plan, moved = moved] {
            on_device(id, incarnation, [this, id, epoch, plan, moved] { loaded(id, epoch, plan, moved); });
          });
}

void LivingCoordinator::loaded(DeviceId id, Epoch epoch, const Plan& plan, Bytes moved) {
  auto& device = at(id);
  if (device.member->state().epoch != epoch) return;
  device.held.clear();
  for (std::uint32_t i = 1; i + 1 < plan.node_count(); ++i) {
    if (plan.device_of({i}) != id) continue;
    device.held.push_back(plan.stage({i}).layers);
    fail(build(plan, {i}, epoch));
  }
  member_event(id, [&](Member& member, MemberOutbox& out) { member.on_loaded(now_, epoch, moved, out); });
}

void LivingCoordinator::tell_end(DeviceId device, Role role, Event event) {
  for (auto& seat : seats_)
    if (seat->device == device && seat->role == role) return fail(hand_over(*seat, std::move(event)));
}

}  // namespace millrace
