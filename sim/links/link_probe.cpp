#include "sim/links/link_probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <vector>

#include "sim/net/framing.hpp"

namespace millrace {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kWarmUp{0.15}, kShortest{0.3}, kLongest{3};
constexpr double kPackets = 200;
constexpr int kPatienceMs = 2000;

class Socket {
 public:
  Socket() = default;
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (handle_ >= 0) close(handle_);
  }
  int get() const { return handle_; }

 private:
  int handle_ = -1;
};

struct Connection {
  Socket sender, receiver;
};

Error failed(const std::string& attempt) {
  return Error{fmt::format("{}: {}", attempt, std::strerror(errno)), ExitCode::fidelity};
}

Result<Connection> connect(const ProbeLink& link) {
  Socket listener;
  Connection connection;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, link.address.c_str(), &address.sin_addr);
  socklen_t length = sizeof address;
  auto listening = link.to.within([&]() -> Result<void> {
    listener = Socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto* place = reinterpret_cast<sockaddr*>(&address);
    if (listener.get() < 0 || bind(listener.get(), place, length) != 0 || listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), place, &length) != 0)
      return failed("listening");
    return {};
  });
  if (!listening) return listening.error();
  auto connected = link.from.within([&]() -> Result<void> {
    connection.sender = Socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{kPatienceMs / 1000, 0};
    setsockopt(connection.sender.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(connection.sender.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
      return failed("connecting");
    return {};
  });
  if (!connected) return connected.error();
  pollfd arrival{listener.get(), POLLIN, 0};
  if (poll(&arrival, 1, kPatienceMs) == 1)
    connection.receiver = Socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.receiver.get() < 0) return failed("accepting");
  return connection;
}

// Keeps the sender's buffer full and drains the receiver's. The clock runs from the end of the warm-up, when
// the bucket's burst is used up and TCP has found its rate.
Result<double> goodput_bytes_per_s(const Connection& connection, Seconds measured) {
  std::vector<char> block(64U << 10);
  const auto begin = Clock::now();
  auto from = begin, last = begin;
  double bytes = 0;
  bool warm = false;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{connection.sender.get(), POLLOUT, 0},
                                pollfd{connection.receiver.get(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), kPatienceMs) <= 0) return failed("waiting for traffic");
    if ((ready[0].revents & POLLOUT) != 0 &&
        send(connection.sender.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        errno != EAGAIN)
      return failed("sending");
    if ((ready[1].revents & POLLIN) == 0) {
      if (Clock::now() - last > std::chrono::milliseconds(kPatienceMs)) return failed("nothing arrives");
      continue;
    }
    const auto got = recv(connection.receiver.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (got <= 0) return failed("receiving");
    last = Clock::now();
    if (warm) {
      bytes += static_cast<double>(got);
      if (last - from >= measured) return bytes / Seconds(last - from).count();
    } else if (last - begin >= kWarmUp) {
      warm = true;
      from = last;
    }
  }
}

}  // namespace

Result<BitRate> measure_link(const ProbeLink& link) {
  auto connection = connect(link);
  if (!connection) return connection.error();
  const Framing framing(Transport::tcp, link.mtu);
  const double packet_s = static_cast<double>(link.mtu.bits()) /
                          static_cast<double>(std::max<std::int64_t>(1, link.asked.bit_per_s()));
  const auto measured = std::clamp(Seconds(packet_s * kPackets), kShortest, kLongest);
  const auto goodput = goodput_bytes_per_s(*connection, measured);
  if (!goodput) return goodput.error();
  const double with_headers =
      static_cast<double>(link.mtu.count()) / static_cast<double>(framing.payload().count());
  return BitRate(std::llround(*goodput * 8 * with_headers));
}

}  // namespace millrace
