#include "sim/links/link_probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <vector>

#include "sim/links/open_socket.hpp"
#include "sim/net/framing.hpp"

namespace millrace {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kWarmUp{0.15}, kShortest{0.3}, kLongest{3};
constexpr double kPackets = 200;
constexpr Seconds kPatience{2};
constexpr double kSilentPackets = 4, kFewestPackets = 2;  // of a slow link
// Where TCP's first ten packets take longer than its first timer (1 s), later packets are partly sent twice:
// then only those first ten count, less those that the bucket let through at once and the warm-up.
constexpr Seconds kSlowPacket{0.09};
constexpr double kFirstFlight = 6;

struct Connection {
  OpenSocket sender, receiver;
};

// A blocking call that times out fails with EINPROGRESS or EAGAIN.
Error connecting_failed(Seconds patience) {
  if (errno != EINPROGRESS && errno != EAGAIN) return socket_failed("connecting");
  return Error{fmt::format("connecting: no answer in {:.3g} s", patience.count()), ExitCode::fidelity};
}

int milliseconds(Seconds time) { return static_cast<int>(time.count() * 1e3); }

Result<Connection> connect(const ProbeLink& link, Seconds waited) {
  OpenSocket listener;
  Connection connection;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, link.address.c_str(), &address.sin_addr);
  socklen_t length = sizeof address;
  auto listening = link.to.within([&]() -> Result<void> {
    listener = OpenSocket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto* place = reinterpret_cast<sockaddr*>(&address);
    if (listener.get() < 0 || bind(listener.get(), place, length) != 0 || listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), place, &length) != 0)
      return socket_failed("listening");
    return {};
  });
  if (!listening) return listening.error();
  auto connected = link.from.within([&]() -> Result<void> {
    connection.sender = OpenSocket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{static_cast<time_t>(std::ceil(waited.count())), 0};
    setsockopt(connection.sender.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(connection.sender.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
      return connecting_failed(waited);
    return {};
  });
  if (!connected) return connected.error();
  pollfd arrival{listener.get(), POLLIN, 0};
  if (poll(&arrival, 1, milliseconds(waited)) == 1)
    connection.receiver = OpenSocket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.receiver.get() < 0) return socket_failed("accepting");
  // Makes closing an abort: else the kernel would go on sending what is in the buffers.
  const linger at_once{1, 0};
  for (const OpenSocket* end : {&connection.sender, &connection.receiver})
    setsockopt(end->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return connection;
}

// Keeps the sender's buffer full and drains the receiver's. The clock runs from the end of the warm-up, when
// the bucket's burst is used up and TCP has found its rate.
Result<double> goodput_bytes_per_s(const Connection& connection, Seconds measured, Seconds patience) {
  std::vector<char> block(64U << 10);
  const auto begin = Clock::now();
  auto from = begin, last = begin;
  double bytes = 0;
  bool warm = false;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{connection.sender.get(), POLLOUT, 0},
                                pollfd{connection.receiver.get(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), milliseconds(patience)) <= 0)
      return socket_failed("waiting for traffic");
    if ((ready[0].revents & POLLOUT) != 0 &&
        send(connection.sender.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        errno != EAGAIN)
      return socket_failed("sending");
    if ((ready[1].revents & POLLIN) == 0) {
      if (Clock::now() - last > patience)
        return Error{fmt::format("nothing arrives in {:.3g} s", patience.count()), ExitCode::fidelity};
      continue;
    }
    const auto got = recv(connection.receiver.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (got <= 0) return socket_failed("receiving");
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
  const Framing framing(Transport::tcp, link.mtu);
  const double packet_s = static_cast<double>(link.mtu.bits()) /
                          static_cast<double>(std::max<std::int64_t>(1, link.asked.bit_per_s()));
  auto longest = std::max(kLongest, Seconds(packet_s * kFewestPackets));
  if (Seconds(packet_s) > kSlowPacket) longest = std::min(longest, Seconds(packet_s * kFirstFlight));
  const auto measured = std::clamp(Seconds(packet_s * kPackets), kShortest, longest);
  const auto patience = std::max(kPatience, Seconds(packet_s * kSilentPackets));
  auto connection = connect(link, patience);
  if (!connection) return connection.error();
  const auto goodput = goodput_bytes_per_s(*connection, measured, patience);
  if (!goodput) return goodput.error();
  const double with_headers =
      static_cast<double>(link.mtu.count()) / static_cast<double>(framing.payload().count());
  return BitRate(std::llround(*goodput * 8 * with_headers));
}

}  // namespace millrace
