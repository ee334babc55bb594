#include "sim/links/link_emulator.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "runtime/base/check.hpp"
#include "sim/net/tcp_segment.hpp"
#include "sim/queue/flow_hash.hpp"

namespace millrace {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kLongestFrame = 65'536 + kEthernetHeader;
// Frames that one direction takes in before the others have their turn.
constexpr int kAtOnce = 64;
constexpr std::uint16_t kIpv4 = 0x0800;

Error failed(const std::string& attempt) {
  return Error{fmt::format("carrying frames: {}: {}", attempt, std::strerror(errno))};
}

bool is_ipv4(std::span<const std::byte> frame) {
  return frame.size() > kEthernetHeader &&
         (std::to_integer<unsigned>(frame[12]) << 8 | std::to_integer<unsigned>(frame[13])) == kIpv4;
}

std::optional<TcpSegment> segment_of(std::span<const std::byte> packet) {
  std::array<std::uint8_t, kLongestTcpStart> start{};
  const auto size = std::min(packet.size(), start.size());
  std::ranges::transform(packet.first(size), start.begin(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return tcp_segment(std::span(start).first(size), packet.size());
}

}  // namespace

LinkEmulator::LinkEmulator(std::vector<Direction> directions, Duration limit)
    : limit_(limit), zero_(Clock::now()), buffer_(kLongestFrame) {
  for (auto& direction : directions) {
    if (direction.carrier >= carriers_.size()) carriers_.resize(direction.carrier + 1);
    ways_.push_back({std::move(direction)});
  }
  thread_ = std::thread([this] { loop(); });
}

LinkEmulator::~LinkEmulator() {
  stop();
  for (const int handle : {timer_, poll_})
    if (handle >= 0) close(handle);
}

Time LinkEmulator::now() const { return Time::at_ns(std::chrono::nanoseconds(Clock::now() - zero_).count()); }

void LinkEmulator::carry_as(std::vector<Setup> setups, Captures captures) {
  MR_CHECK(setups.size() == carriers_.size() && (captures.empty() || captures.size() == ways_.size()));
  captures.resize(ways_.size());
  std::unique_lock lock(mutex_);
  setups_ = std::move(setups);
  captures_ = std::move(captures);
  changing_ = true;
  taken_over_.wait(lock, [this] { return !setups_ || failure_; });
}

void LinkEmulator::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (auto& way : ways_) {
    way.capture.reset();  // whole from here on
    if (const auto* discipline = carriers_[way.direction.carrier].discipline.get())
      way.counts.dropped = discipline->drops().packets;
  }
}

// Links are on time on a busy machine too, and before the agents, which compute at the lowest real-time
// priority. Where that is not permitted, packets are as late as the machine makes them, which is counted.
void LinkEmulator::loop() {
  const sched_param above_agents{.sched_priority = sched_get_priority_min(SCHED_FIFO) + 10};
  (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &above_agents);
  auto carried = carry();
  const std::lock_guard lock(mutex_);
  if (!carried) failure_ = carried.error();
  taken_over_.notify_all();
}

Result<void> LinkEmulator::carry() {
  // carry_as() and stop() are noticed at least this often.
  constexpr Duration kPatience = Duration::ms(1);
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  poll_ = epoll_create1(EPOLL_CLOEXEC);
  if (timer_ < 0 || poll_ < 0) return failed("making a timer");
  for (std::size_t i = 0; i <= ways_.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    const int handle = i < ways_.size() ? ways_[i].direction.from : timer_;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, handle, &event) != 0) return failed("watching a device");
  }
  while (!stopping_) {
    if (changing_) take_over();
    const Time at = now();
    for (auto& carrier : carriers_) depart(carrier, at);
    for (auto& carrier : carriers_) deliver(carrier, at);
    if (auto waited = wait(std::min(next(), at + kPatience)); !waited) return waited;
  }
  return {};
}

// Until then, or until frames have come, which it takes in. A sleeping processor needs some 0.1 ms to wake
// up. So the thread sleeps until shortly before, and looks again and again for the rest; and a frame that has
// woken it came a little earlier than it is seen.
Result<void> LinkEmulator::wait(Time due) {
  const Time asleep = now();
  const Time alarm_at = due - waking_ * 2;
  const bool sleeps = alarm_at > asleep;
  if (sleeps) {
    const auto since_boot =
        (zero_ + std::chrono::nanoseconds(alarm_at.count_ns())).time_since_epoch().count();
    itimerspec alarm{};
    alarm.it_value = {.tv_sec = since_boot / 1'000'000'000, .tv_nsec = since_boot % 1'000'000'000};
    if (timerfd_settime(timer_, TFD_TIMER_ABSTIME, &alarm, nullptr) != 0) return failed("setting a timer");
  }
  std::array<epoll_event, 64> ready{};
  const int count = epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), sleeps ? -1 : 0);
  if (count < 0 && errno != EINTR) return failed("waiting");
  const Time awake = now();
  const Time came = sleeps ? std::max(asleep, awake - waking_) : awake;
  for (int i = 0; i < count; ++i) {
    const auto which = ready[static_cast<std::size_t>(i)].data.u64;
    if (which < ways_.size())
      take_in(which, came);
    else if (sleeps && count == 1)
      woke_after(awake - alarm_at);
  }
  return {};
}

// Smoothed; the rare long ones are those of a busy machine, not of a sleeping one.
void LinkEmulator::woke_after(Duration late) {
  constexpr Duration kLongest = Duration::us(300);
  waking_ = waking_ + (std::min(late, kLongest) - waking_) / 8;
}

void LinkEmulator::take_over() {
  const std::lock_guard lock(mutex_);
  const Time before = now();
  zero_ = Clock::now();
  const Duration shift = before - now();
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    ways_[i].counts = {};
    ways_[i].capture.reset();
    if (captures_[i]) ways_[i].capture.emplace(std::move(*captures_[i]));
  }
  for (std::size_t i = 0; i < carriers_.size(); ++i) {
    auto& carrier = carriers_[i];
    carrier.sender.emplace(std::move(setups_->at(i).link));
    carrier.discipline = std::move(setups_->at(i).discipline);
    for (auto& frame : carrier.under_way)
      frame.arrives = std::max(Time::zero(), Time::at_ns((frame.arrives.since_start() - shift).count_ns()));
  }
  lateness_ = {};
  too_late_.reset();
  setups_.reset();
  changing_ = false;
  taken_over_.notify_all();
}

// At their exact instants, however late it is.
void LinkEmulator::depart(Carrier& carrier, Time now) {
  if (!carrier.sender) return;
  auto& sender = *carrier.sender;
  for (auto at = sender.departure(); at && *at <= now; at = sender.departure()) {
    const auto departure = sender.depart(*at);
    if (departure.again) continue;
    auto gone = sender.advance();
    feed(carrier, *at);
    capture(gone.payload, *at);
    if (departure.lost)
      ++ways_[gone.payload.direction].counts.lost;
    else
      carrier.under_way.push_back({departure.arrives, std::move(gone.payload)});
  }
}

// An idle link with the packet whose turn it is.
void LinkEmulator::feed(Carrier& carrier, Time now) {
  if (!carrier.discipline || carrier.sender->sending() != nullptr) return;
  if (auto next = carrier.discipline->dequeue(now))
    (void)carrier.sender->offer(std::move(next->payload), next->size, now);
}

void LinkEmulator::capture(const Carried& carried, Time at) {
  auto& file = ways_[carried.direction].capture;
  if (!file) return;
  const auto packet = std::span(carried.frame).subspan(kEthernetHeader);
  file->add(at, packet.first(std::min(packet.size(), PcapFile::kLongest)),
            Bytes(static_cast<std::int64_t>(packet.size())));
}

void LinkEmulator::deliver(Carrier& carrier, Time now) {
  for (auto& waiting = carrier.under_way; !waiting.empty() && waiting.front().arrives <= now;
       waiting.pop_front()) {
    const auto& [arrives, carried] = waiting.front();
    auto& way = ways_[carried.direction];
    // A device that takes nothing (it is down, or full) loses the frame, as a device does.
    (void)!write(way.direction.to, carried.frame.data(), carried.frame.size());
    ++way.counts.delivered;
    const Duration late = this->now() - arrives;
    lateness_.add(late);
    if (late > limit_ && !too_late_) too_late_ = {way.direction.name, arrives, late};
  }
}

void LinkEmulator::take_in(std::size_t direction, Time now) {
  auto& way = ways_[direction];
  auto& carrier = carriers_[way.direction.carrier];
  for (int i = 0; i < kAtOnce; ++i) {
    const auto size = read(way.direction.from, buffer_.data(), buffer_.size());
    if (size <= 0) return;
    const auto frame = std::span(std::as_const(buffer_)).first(static_cast<std::size_t>(size));
    if (!carrier.sender || !is_ipv4(frame)) continue;
    const auto packet = frame.subspan(kEthernetHeader);
    const Bytes bytes(static_cast<std::int64_t>(packet.size()));
    if (auto* discipline = carrier.discipline.get()) {
      (void)discipline->enqueue(
          {{direction, Frame(frame.begin(), frame.end())}, bytes, flow_hash(packet, way.direction.carrier)},
          now);
      feed(carrier, now);
      continue;
    }
    auto own = way.direction.own ? segment_of(packet) : std::nullopt;
    if (own && own->from != *way.direction.own) own.reset();
    const auto offered =
        carrier.sender->offer({direction, Frame(frame.begin(), frame.end())}, bytes, now, own);
    if (offered == Sender::Offer::dropped) ++way.counts.dropped;
  }
}

Time LinkEmulator::next() const {
  Time earliest = Time::never();
  for (const auto& carrier : carriers_) {
    if (const auto departure = carrier.sender ? carrier.sender->departure() : std::nullopt)
      earliest = std::min(earliest, *departure);
    if (!carrier.under_way.empty()) earliest = std::min(earliest, carrier.under_way.front().arrives);
  }
  return earliest;
}

}  // namespace millrace
