#include "runtime/conductor/conductor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

Conductor::Conductor(Config config)
    : config_(std::move(config)), plan_(config_.plan), peers_(config_.devices.size()) {
  MR_CHECK(config_.present.size() == peers_.size() && config_.heartbeat > Duration{});
}

Result<void> Conductor::on_start(Time now, ConductorOutbox& out) {
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    auto& peer = peers_[i];
    peer.alive = config_.present[i];
    peer.heard = now;
    if (!peer.alive) continue;
    peer.status.epoch = epoch_;
    peer.status.loaded = peer.status.begun = true;
  }
  arm(now, out);
  return {};
}

bool Conductor::in_plan(DeviceId device) const {
  return is_end(device) ||
         std::ranges::any_of(plan_.stages, [&](const auto& s) { return s.device == device; });
}

// A device that has missed a heartbeat gets no part in a new plan, and is not given up yet.
bool Conductor::suspected(const Peer& peer, Time now) const {
  return now - peer.heard >= config_.heartbeat * 3 / 2;
}

std::vector<bool> Conductor::usable(Time now) const {
  std::vector<bool> devices;
  for (std::uint32_t i = 0; i < peers_.size(); ++i)
    devices.push_back(peers_[i].alive && (is_end({i}) || !suspected(peers_[i], now)));
  return devices;
}

// Takes over what a device says of itself; false if it is outdated.
bool Conductor::take(Time now, const Status& status) {
  auto& peer = peers_.at(status.device.value);
  const bool outdated = status.incarnation < peer.incarnation ||
                        (status.incarnation == peer.incarnation && status.number <= peer.status.number);
  if (outdated) return false;
  peer.incarnation = status.incarnation;
  peer.heard = now;
  peer.status = status;
  return true;
}

Result<void> Conductor::on_status(Time now, const Status& status, ConductorOutbox& out) {
  if (status.device.value >= peers_.size()) return Error{"the status of a device that the run does not have"};
  auto& peer = peers_[status.device.value];
  const Time heard = peer.heard;
  const bool restarted = peer.alive && status.incarnation > peer.incarnation;
  const bool was_leaving = peer.status.leaving && status.incarnation == peer.incarnation;
  if (!take(now, status)) return settle(now, out);
  if (status.leaving) {
    if (was_leaving || !peer.alive) return settle(now, out);
    return lose(now, status.device, "leave", out);
  }
  peer.alive = true;
  if (status.device == plan_.sink) recorded_ = std::max(recorded_, status.recorded);
  if (restarted) {
    if (is_end(status.device)) return lose(now, status.device, "restart", out);
    // What is only being loaded is ordered again.
    if (in_plan(status.device) && (phase_ == Phase::running || phase_ == Phase::checking)) {
      peer.heard = heard;  // for the record
      if (auto changed = change(now, status.device, "restart", out); !changed) return changed;
      peer.heard = now;
    }
  }
  return notice(now, status, restarted, out);
}

// What follows from a status for the epoch under way.
Result<void> Conductor::notice(Time now, const Status& status, bool restarted, ConductorOutbox& out) {
  const bool here = status.epoch == epoch_ && in_plan(status.device) && !restarted;
  const bool at_work = phase_ == Phase::running || phase_ == Phase::loading;
  if (here && at_work && !status.broken.empty()) {
    phase_ = Phase::checking;
    broken_ = Broken{status.device, now, status.broken};
  }
  begin_if_loaded(now, out);
  note_results(now, out);
  remind(status.device, out);
  return settle(now, out);
}

Result<void> Conductor::on_lost(Time now, DeviceId device, std::uint64_t incarnation, ConductorOutbox& out) {
  const auto& peer = peers_.at(device.value);
  if (!peer.alive || incarnation != peer.incarnation) return settle(now, out);
  return lose(now, device, "crash", out);
}

Result<void> Conductor::lose(Time now, DeviceId device, const char* cause, ConductorOutbox& out) {
  auto& peer = peers_[device.value];
  peer.alive = false;
  if (is_end(device))
    return Error{
        fmt::format("device {} was lost ({}): it has the {}, which cannot be moved to another "
                    "device, so this run cannot be recovered",
                    config_.devices[device.value], cause, device == plan_.source ? "source" : "sink"),
        ExitCode::peer_lost};
  if (in_plan(device) && phase_ != Phase::planning && phase_ != Phase::stranded) {
    if (auto changed = change(now, device, cause, out); !changed) return changed;
  }
  return settle(now, out);
}

// The epoch under way has ended. A change before it that came to nothing is recorded as it is.
Result<void> Conductor::change(Time now, DeviceId device, const std::string& cause, ConductorOutbox& out) {
  if (change_ && change_->planned) close_record(out);
  if (!change_)
    change_ = RecoveryRecord{
        .epoch = {}, .cause = cause, .device = device, .fault = peers_[device.value].heard, .noticed = now};
  broken_.reset();
  ask(now, out);
  return {};
}

void Conductor::ask(Time now, ConductorOutbox& out) {
  phase_ = Phase::planning;
  asked_usable_ = usable(now);
  out.plan(++asked_, asked_usable_);
}

Result<void> Conductor::on_planned(Time now, std::uint64_t number, Result<Plan> plan, ConductorOutbox& out) {
  if (number != asked_ || phase_ != Phase::planning) return settle(now, out);
  if (!plan) {
    phase_ = Phase::stranded;
    no_plan_ = plan.error().message;
    if (!stranded_) stranded_ = now;
    return settle(now, out);
  }
  const bool all_there = std::ranges::all_of(
      plan->stages, [&](const StagePlan& stage) { return peers_.at(stage.device.value).alive; });
  if (!all_there) {
    ask(now, out);
    return settle(now, out);
  }
  stranded_.reset();
  plan_ = std::move(*plan);
  ++epoch_.value;
  phase_ = Phase::loading;
  change_->epoch = epoch_;
  change_->planned = now;
  for (std::uint32_t i = 0; i < peers_.size(); ++i)
    if (peers_[i].alive) out.order({i}, order_now(false));
  return settle(now, out);
}

Order Conductor::order_now(bool with_first) const {
  return {.epoch = epoch_,
          .plan = plan_,
          .first = with_first ? std::optional(first_) : std::nullopt,
          .recorded = recorded_};
}

void Conductor::begin_if_loaded(Time now, ConductorOutbox& out) {
  if (phase_ != Phase::loading) return;
  const auto ready = [&](DeviceId device) {
    const auto& peer = peers_[device.value];
    return peer.alive && peer.status.epoch == epoch_ && peer.status.loaded;
  };
  if (!ready(plan_.source) || !ready(plan_.sink)) return;
  if (!std::ranges::all_of(plan_.stages, [&](const StagePlan& stage) { return ready(stage.device); })) return;
  phase_ = Phase::running;
  first_ = recorded_;
  change_->loaded = now;
  const auto sent = peers_[plan_.source.value].status.sent;
  change_->recomputed = sent > first_.value ? sent - first_.value : 0;
  for (std::uint32_t i = 0; i < peers_.size(); ++i)
    if (in_plan({i})) change_->moved += peers_[i].status.moved;
  out.order(plan_.source, order_now(true));
}

void Conductor::note_results(Time now, ConductorOutbox& out) {
  if (phase_ != Phase::running || !change_ || recorded_ <= first_) return;
  change_->first_result = now;
  fruitless_ = 0;
  close_record(out);
}

void Conductor::close_record(ConductorOutbox& out) {
  out.record(*change_);
  change_.reset();
}

void Conductor::on_end(ConductorOutbox& out) {
  if (change_) close_record(out);
}

// Repeats what the device does not show to have heard.
void Conductor::remind(DeviceId device, ConductorOutbox& out) const {
  const auto& status = peers_[device.value].status;
  const bool source = device == plan_.source;
  if (phase_ == Phase::planning || phase_ == Phase::stranded) return;
  if (status.epoch != epoch_) return out.order(device, order_now(false));
  if (source && phase_ == Phase::running && (!status.begun || status.told < recorded_))
    out.order(device, order_now(true));
}

// Decides what follows from the time that has passed and from the members that are there.
Result<void> Conductor::settle(Time now, ConductorOutbox& out) {
  for (std::uint32_t i = 0; i < peers_.size(); ++i) {
    const auto& peer = peers_[i];
    if (peer.alive && now - peer.heard >= config_.heartbeat * 2) return lose(now, {i}, "hang", out);
  }
  if (auto settled = settle_broken(now, out); !settled) return settled;
  if (auto settled = settle_stranded(now, out); !settled) return settled;
  arm(now, out);
  return {};
}

// Waits until all others of the plan have been heard of since: what broke may be only how they noticed that
// another one is lost.
Result<void> Conductor::settle_broken(Time now, ConductorOutbox& out) {
  if (phase_ != Phase::checking) return {};
  for (std::uint32_t i = 0; i < peers_.size(); ++i) {
    const auto& peer = peers_[i];
    if (peer.alive && in_plan({i}) && DeviceId{i} != broken_->device && peer.heard <= broken_->at) return {};
  }
  if (++fruitless_ >= kMostFruitless)
    return Error{fmt::format("{} epochs in a row broke without a result, the last one on device {}: {}",
                             fruitless_, config_.devices[broken_->device.value], broken_->why)};
  return change(now, broken_->device, "broken", out);
}

Result<void> Conductor::settle_stranded(Time now, ConductorOutbox& out) {
  if (phase_ != Phase::stranded) return {};
  if (usable(now) != asked_usable_) return ask(now, out), Result<void>();
  const bool undecided =
      std::ranges::any_of(peers_, [&](const Peer& peer) { return peer.alive && suspected(peer, now); });
  if (undecided || now - *stranded_ < config_.patience) return {};
  return Error{fmt::format("device {} was lost ({}), and no plan fits the devices that are left{}: {}",
                           config_.devices[change_->device.value], change_->cause,
                           config_.patience > Duration{}
                               ? fmt::format(" after waiting {:g} s for others", config_.patience.seconds())
                               : std::string("; policy.recovery.patience waits for others to come back"),
                           no_plan_),
               ExitCode::peer_lost};
}

Result<void> Conductor::on_timer(Time now, ConductorOutbox& out) {
  if (armed_ && now >= *armed_) armed_.reset();
  return settle(now, out);
}

// One timer is under way at most, for the earliest silence that would be too long. It may come too early,
// since devices were heard meanwhile.
void Conductor::arm(Time now, ConductorOutbox& out) {
  Time next = Time::never();
  for (const auto& peer : peers_)
    if (peer.alive) next = std::min(next, peer.heard + config_.heartbeat * 2);
  if (phase_ == Phase::stranded) {
    for (const auto& peer : peers_) {
      const Time doubt = peer.heard + config_.heartbeat * 3 / 2;
      if (peer.alive && doubt > now) next = std::min(next, doubt);
    }
    const Time end = *stranded_ + config_.patience;
    if (end > now) next = std::min(next, end);
  }
  if (next == Time::never() || (armed_ && *armed_ <= next)) return;
  armed_ = next;
  out.wake_at(next);
}

}  // namespace millrace
