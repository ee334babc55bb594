#include "sim/links/packet_probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "sim/links/open_socket.hpp"

namespace millrace {
namespace {

// Kernel time stamps of arrivals are of this clock.
using Clock = std::chrono::system_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kTrain_s = 0.3, kLongest_s = 5;
constexpr double kFewest = 40, kMost = 4000;
constexpr std::int64_t kHeaders = 28;  // IPv4 and UDP
// The train is a little faster than the link, so that the link is never idle; its queue takes the rest.
constexpr double kFaster = 1.02;

int datagram_socket() { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

struct Arrival {
  std::uint32_t number;
  Clock::time_point at;
};

// One packet that has arrived, with the instant at which the kernel had it.
std::optional<Arrival> arrival(int handle, std::vector<char>& buffer) {
  std::array<char, 256> control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = recvmsg(handle, &message, 0);
  if (size < static_cast<ssize_t>(sizeof(std::uint32_t))) return std::nullopt;
  Arrival found{0, Clock::now()};
  std::memcpy(&found.number, buffer.data(), sizeof found.number);
  for (auto* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr;
       part_of = CMSG_NXTHDR(&message, part_of)) {
    if (part_of->cmsg_level != SOL_SOCKET || part_of->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(part_of), sizeof stamp);
    found.at =
        Clock::time_point(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
  }
  return found;
}

// Until it ends, this thread runs before agents and everything else, where that is permitted: a train that
// stops and then makes up for it overflows the link's queue.
class BeforeOthers {
 public:
  BeforeOthers() {
    pthread_getschedparam(pthread_self(), &policy_, &usual_);
    const sched_param urgent{.sched_priority = sched_get_priority_min(SCHED_FIFO) + 5};
    (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &urgent);
  }
  ~BeforeOthers() { (void)pthread_setschedparam(pthread_self(), policy_, &usual_); }
  BeforeOthers(const BeforeOthers&) = delete;
  BeforeOthers& operator=(const BeforeOthers&) = delete;

 private:
  int policy_ = SCHED_OTHER;
  sched_param usual_{};
};

class Train {
 public:
  explicit Train(const PacketProbe& probe)
      : probe_(probe),
        packet_(static_cast<double>(probe.link.mtu.bits()) /
                static_cast<double>(std::max<std::int64_t>(1, probe.link.asked.bit_per_s()))),
        count_(static_cast<std::size_t>(std::clamp(
            std::min(std::clamp(kTrain_s / packet_.count(), kFewest, kMost), kLongest_s / packet_.count()),
            3.0, kMost))),
        buffer_(static_cast<std::size_t>(probe.link.mtu.count())) {}

  Result<PacketProbed> run() {
    if (auto opened = open(); !opened) return opened.error();
    const BeforeOthers urgent;
    const auto gap = packet_ / kFaster;
    const auto begin = Clock::now();
    while (sent_.size() < count_) {
      const auto due = begin + std::chrono::duration_cast<Clock::duration>(gap * double(sent_.size()));
      if (Clock::now() < due) {
        take(due);
        continue;
      }
      const auto number = static_cast<std::uint32_t>(sent_.size());
      std::memcpy(buffer_.data(), &number, sizeof number);
      sent_.push_back(Clock::now());
      const auto size = static_cast<std::size_t>(probe_.link.mtu.count() - kHeaders);
      if (send(from_->get(), buffer_.data(), size, 0) < 0 && errno != EAGAIN && errno != ENOBUFS)
        return socket_failed("sending");
    }
    // The last one may wait behind those that the train was ahead, then crosses the link.
    const Seconds left = packet_ * (4 + 0.05 * double(count_)) + Seconds(probe_.delay.seconds() + 0.1);
    take(Clock::now() + std::chrono::duration_cast<Clock::duration>(left));
    return result();
  }

 private:
  Result<void> open() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, probe_.link.address.c_str(), &address.sin_addr);
    socklen_t length = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    auto bound = probe_.link.to.within([&]() -> Result<void> {
      to_.emplace(datagram_socket());
      const int on = 1, much = 16 << 20;  // all packets of a probe, if they are read late
      setsockopt(to_->get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
      setsockopt(to_->get(), SOL_SOCKET, SO_RCVBUFFORCE, &much, sizeof much);
      if (bind(to_->get(), place, length) != 0 || getsockname(to_->get(), place, &length) != 0)
        return socket_failed("listening");
      return {};
    });
    if (!bound) return bound;
    return probe_.link.from.within([&]() -> Result<void> {
      from_.emplace(datagram_socket());
      if (connect(from_->get(), place, length) != 0) return socket_failed("connecting");
      return {};
    });
  }

  // What arrives until then.
  void take(Clock::time_point until) {
    for (;;) {
      while (const auto one = arrival(to_->get(), buffer_)) arrivals_.push_back(*one);
      const auto left = until - Clock::now();
      if (left <= Clock::duration::zero()) return;
      const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
      const timespec patience{ns / 1'000'000'000, ns % 1'000'000'000};
      pollfd ready{to_->get(), POLLIN, 0};
      ppoll(&ready, 1, &patience, nullptr);
    }
  }

  Result<PacketProbed> result() const {
    if (arrivals_.size() < 2)
      return Error{fmt::format("{} of {} packets arrived", arrivals_.size(), count_), ExitCode::fidelity};
    PacketProbed found{.rate = {}, .delay = {}, .sent = count_, .received = arrivals_.size()};
    const auto &first = arrivals_.front(), &last = arrivals_.back();
    const double spanned = last.number - first.number;
    const Seconds took = last.at - first.at;
    found.rate = BitRate(std::llround(spanned * static_cast<double>(probe_.link.mtu.bits()) / took.count()));
    Seconds quickest{1e9};
    for (const auto& one : arrivals_) quickest = std::min(quickest, Seconds(one.at - sent_.at(one.number)));
    found.delay = Duration::from_seconds(std::max(0.0, (quickest - packet_).count()));
    return found;
  }

  const PacketProbe& probe_;
  Seconds packet_;  // what the link needs for a packet
  std::size_t count_;
  std::vector<char> buffer_;
  std::optional<OpenSocket> from_, to_;
  std::vector<Clock::time_point> sent_;
  std::vector<Arrival> arrivals_;
};

}  // namespace

Result<PacketProbed> measure_packets(const PacketProbe& probe) { return Train(probe).run(); }

bool believable_loss(std::uint64_t lost, std::uint64_t sent, double loss, double burst) {
  const auto n = static_cast<double>(sent);
  const double deviation = std::sqrt(n * loss * (1 - loss) * (2 * burst - 1));
  return std::abs(static_cast<double>(lost) - n * loss) <= 4 * deviation + 1;
}

}  // namespace millrace
