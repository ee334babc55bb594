#include "sim/links/real_cross_traffic.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>

#include "runtime/base/check.hpp"
#include "sim/links/open_socket.hpp"
#include "sim/net/cross_traffic.hpp"

namespace millrace {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

// Ports of their own, one per entry.
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::int64_t kUdpHeaders = 28;  // IPv4 20, UDP 8
constexpr std::size_t kAtOnce = 64 * 1024;
constexpr int kMuch = 64 << 20;  // for a socket's buffer

struct Place {
  const NetworkNamespace* device;
  std::string address;
};

sockaddr_in address_of(const Place& place, std::size_t entry) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(kFirstPort + entry));
  MR_CHECK(inet_pton(AF_INET, place.address.c_str(), &address.sin_addr) == 1);
  return address;
}

// A socket at the place, to which `prepare` does the rest.
Result<int> socket_at(const Place& place, int type, const std::function<Result<void>(int)>& prepare) {
  int handle = -1;
  auto made = place.device->within([&]() -> Result<void> {
    handle = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handle < 0) return socket_failed("making a socket");
    return prepare(handle);
  });
  if (!made) {
    if (handle >= 0) close(handle);
    return made.error();
  }
  return handle;
}

Result<int> listening_at(const Place& place, int type, std::size_t entry) {
  return socket_at(place, type, [&](int handle) -> Result<void> {
    const auto address = address_of(place, entry);
    if (bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        (type == SOCK_STREAM && listen(handle, 1) != 0))
      return socket_failed("listening");
    return {};
  });
}

// One entry of the scenario's cross traffic.
class Source {
 public:
  virtual ~Source() = default;
  virtual void start(Clock::time_point zero) = 0;
  // What went wrong, if anything did.
  virtual Result<void> finding() const { return {}; }
  RealCrossTraffic::Counts counts;
};

class Datagrams final : public Source {
 public:
  Datagrams(asio::io_context& loop, const NetworkSpec& spec, std::size_t entry)
      : timer_(loop),
        from_(loop),
        to_(loop),
        bursts_(spec.cross_traffic[entry], spec.seed, entry),
        interval_(Duration::ns(std::max<std::int64_t>(
            1, std::llround(static_cast<double>(spec.mtu.bits()) * 1e9 /
                            static_cast<double>(spec.cross_traffic[entry].rate.bit_per_s()))))),
        packet_(static_cast<std::uint64_t>(spec.mtu.count())),
        payload_(static_cast<std::size_t>(spec.mtu.count() - kUdpHeaders)),
        arrival_(payload_.size()) {}

  Result<void> open(const Place& from, const Place& to, std::size_t entry) {
    const auto sink = listening_at(to, SOCK_DGRAM, entry);
    if (!sink) return sink.error();
    setsockopt(*sink, SOL_SOCKET, SO_RCVBUFFORCE, &kMuch, sizeof kMuch);
    to_.assign(asio::ip::udp::v4(), *sink);
    const auto source = socket_at(from, SOCK_DGRAM, [&](int handle) -> Result<void> {
      // The link's queue drops what is too much, not the socket.
      setsockopt(handle, SOL_SOCKET, SO_SNDBUFFORCE, &kMuch, sizeof kMuch);
      const auto address = address_of(to, entry);
      if (connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return socket_failed("connecting");
      return {};
    });
    if (!source) return source.error();
    from_.assign(asio::ip::udp::v4(), *source);
    return {};
  }

  void start(Clock::time_point zero) override {
    zero_ = zero;
    take();
    next_burst();
  }

 private:
  void take() {
    to_.async_receive(asio::buffer(arrival_), [this](const ErrorCode& error, std::size_t size) {
      if (error == asio::error::operation_aborted) return;
      if (!error) counts.arrived_bytes += size + kUdpHeaders;
      take();
    });
  }
  void next_burst() {
    burst_ = bursts_.next();
    if (!burst_) return;
    due_ = burst_->begin + interval_;
    wait();
  }
  void wait() {
    timer_.expires_at(zero_ + std::chrono::nanoseconds(due_.count_ns()));
    timer_.async_wait([this](const ErrorCode& error) {
      if (!error) send();
    });
  }
  // All that is due.
  void send() {
    const auto now = Time::at_ns(std::chrono::nanoseconds(Clock::now() - zero_).count());
    for (; due_ <= now && due_ <= burst_->end; due_ = due_ + interval_) {
      ErrorCode error;
      from_.send(asio::buffer(payload_), 0, error);
      if (error)
        ++counts.refused;
      else
        counts.sent_bytes += packet_;
    }
    if (due_ > burst_->end) return next_burst();
    wait();
  }

  asio::steady_timer timer_;
  asio::ip::udp::socket from_, to_;
  Bursts bursts_;
  Duration interval_;
  std::uint64_t packet_;
  std::vector<char> payload_, arrival_;
  Clock::time_point zero_;
  std::optional<Bursts::Burst> burst_;
  Time due_;
};

class Bulk final : public Source {
 public:
  Bulk(asio::io_context& loop, const CrossTrafficSpec& cross)
      : begins_(loop),
        ends_(loop),
        listener_(loop),
        from_(loop),
        to_(loop),
        cross_(cross),
        data_(kAtOnce),
        arrival_(kAtOnce) {}

  Result<void> open(const Place& from, const Place& to, std::size_t entry) {
    const auto sink = listening_at(to, SOCK_STREAM, entry);
    if (!sink) return sink.error();
    listener_.assign(asio::ip::tcp::v4(), *sink);
    const auto source = socket_at(from, SOCK_STREAM, [](int) { return Result<void>(); });
    if (!source) return source.error();
    from_.assign(asio::ip::tcp::v4(), *source);
    target_ = {asio::ip::make_address_v4(to.address), static_cast<std::uint16_t>(kFirstPort + entry)};
    return {};
  }

  void start(Clock::time_point zero) override {
    const auto at = [&](Time time) { return zero + std::chrono::nanoseconds(time.count_ns()); };
    listener_.async_accept(to_, [this](const ErrorCode& error) {
      if (!error) take();
    });
    begins_.expires_at(at(cross_.start));
    begins_.async_wait([this](const ErrorCode& error) {
      if (!error) begin();
    });
    if (cross_.stop == Time::never()) return;
    // What the kernel has taken is still sent.
    ends_.expires_at(at(cross_.stop));
    ends_.async_wait([this](const ErrorCode& error) {
      ErrorCode ignored;
      if (!error) from_.close(ignored);
    });
  }
  Result<void> finding() const override {
    if (fault_) return Error{fault_.message(), ExitCode::fidelity};
    return {};
  }

 private:
  void begin() {
    from_.async_connect(target_, [this](const ErrorCode& error) {
      if (error == asio::error::operation_aborted) return;
      fault_ = error;
      if (!error) put();
    });
  }
  void put() {
    from_.async_write_some(asio::buffer(data_), [this](const ErrorCode& error, std::size_t size) {
      if (error) return;
      counts.sent_bytes += size;
      put();
    });
  }
  void take() {
    to_.async_read_some(asio::buffer(arrival_), [this](const ErrorCode& error, std::size_t size) {
      if (error) return;
      counts.arrived_bytes += size;
      take();
    });
  }

  asio::steady_timer begins_, ends_;
  asio::ip::tcp::acceptor listener_;
  asio::ip::tcp::socket from_, to_;
  asio::ip::tcp::endpoint target_;
  CrossTrafficSpec cross_;
  std::vector<char> data_, arrival_;
  ErrorCode fault_;
};

}  // namespace

class RealCrossTraffic::Sources {
 public:
  explicit Sources(const NetworkSpec& spec) : spec_(spec) {}
  ~Sources() { (void)end(); }
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  Result<void> add(std::size_t entry, const Place& from, const Place& to) {
    if (spec_.cross_traffic[entry].kind == CrossTrafficKind::on_off) {
      auto datagrams = std::make_unique<Datagrams>(loop_, spec_, entry);
      if (auto opened = datagrams->open(from, to, entry); !opened) return opened;
      sources_.push_back(std::move(datagrams));
    } else {
      auto bulk = std::make_unique<Bulk>(loop_, spec_.cross_traffic[entry]);
      if (auto opened = bulk->open(from, to, entry); !opened) return opened;
      sources_.push_back(std::move(bulk));
    }
    return {};
  }

  void start() {
    MR_CHECK(!thread_.joinable(), "cross traffic is started once");
    for (const auto& source : sources_) source->start(Clock::now());
    thread_ = std::thread([this] {
      // Above the agents, below the links.
      const sched_param priority{.sched_priority = sched_get_priority_min(SCHED_FIFO) + 5};
      (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
      loop_.run();
    });
  }
  const Counts& counts(std::size_t entry) const { return sources_.at(entry)->counts; }

  Result<void> end() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (auto found = sources_[i]->finding(); !found)
        return found.error().in(fmt::format("cross traffic {} -> {}: connecting",
                                            spec_.devices[spec_.cross_traffic[i].from.value],
                                            spec_.devices[spec_.cross_traffic[i].to.value]));
    }
    return {};
  }

 private:
  const NetworkSpec& spec_;
  asio::io_context loop_{1};
  std::vector<std::unique_ptr<Source>> sources_;
  std::thread thread_;
};

RealCrossTraffic::RealCrossTraffic(std::unique_ptr<Sources> sources) : sources_(std::move(sources)) {}
RealCrossTraffic::~RealCrossTraffic() = default;
void RealCrossTraffic::start() { sources_->start(); }
Result<void> RealCrossTraffic::stop() { return sources_->end(); }
const RealCrossTraffic::Counts& RealCrossTraffic::counts(std::size_t entry) const {
  return sources_->counts(entry);
}

Result<std::unique_ptr<RealCrossTraffic>> RealCrossTraffic::open(
    const NetworkSpec& spec, const std::vector<NetworkNamespace>& devices,
    const std::function<std::string(DeviceId)>& address) {
  auto all = std::make_unique<Sources>(spec);
  for (std::size_t i = 0; i < spec.cross_traffic.size(); ++i) {
    const auto& cross = spec.cross_traffic[i];
    const Place from{&devices[cross.from.value], address(cross.from)};
    const Place to{&devices[cross.to.value], address(cross.to)};
    if (auto added = all->add(i, from, to); !added)
      return added.error().in(fmt::format("cross traffic {} -> {}", spec.devices[cross.from.value],
                                          spec.devices[cross.to.value]));
  }
  return std::unique_ptr<RealCrossTraffic>(new RealCrossTraffic(std::move(all)));
}

}  // namespace millrace
