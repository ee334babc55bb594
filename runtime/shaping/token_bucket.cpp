#include "runtime/shaping/token_bucket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace millrace {
namespace {

// "MR:" marks our buckets.
constexpr std::uint32_t kHandle = 0x4d520000;
constexpr const char* kKind = "tbf";
constexpr std::uint16_t kDiscardPort = 9;  // RFC 863

std::string said(int error) {
  if (error == EPERM) return "not permitted; shaping needs root, or the capability CAP_NET_ADMIN";
  return std::strerror(error);
}

// Takes a name that one process of this network namespace can have; it is free again when the process ends.
// Returns the socket that holds the name, or -1 if the name is taken.
int take_lock(int index) {
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = fmt::format("millrace-shape-{}", index);
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // a leading 0: abstract, no file
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(made, reinterpret_cast<const sockaddr*>(&address), length) == 0) return made;
  close(made);
  return -1;
}

int make_waker(const std::string& interface) {
  const int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  const int on = 1;
  setsockopt(made, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
             static_cast<socklen_t>(interface.size() + 1));
  return made;
}

// Sends one byte to a port at which nobody listens.
void wake(int waker) {
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(kDiscardPort);
  nobody.sin_addr.s_addr = htonl(INADDR_BROADCAST);
  const char nothing = 0;
  (void)sendto(waker, &nothing, 1, 0, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody);
}

int remove_root(RouteSocket& socket, int index) {
  tcmsg message{};
  message.tcm_family = AF_UNSPEC;
  message.tcm_ifindex = index;
  message.tcm_parent = TC_H_ROOT;
  message.tcm_handle = kHandle;
  return socket.ask(QdiscRequest(RTM_DELQDISC, 0, message));
}

}  // namespace

BucketParameters bucket_for(BitRate rate, Bytes mtu, Bytes link_header, Bytes queue) {
  MR_CHECK(rate.bit_per_s() >= 0 && mtu.count() > 0, "a bucket for a rate and packets that exist");
  const std::int64_t frame = mtu.count() + link_header.count();
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  BucketParameters bucket;
  bucket.queue_bytes = static_cast<std::uint32_t>(std::clamp<std::int64_t>(queue.count(), frame, kMost));
  // The kernel has no rate 0: at 1 B/s a full packet passes every 25 minutes.
  if (rate.bit_per_s() == 0) {
    bucket.bytes_per_s = 1;
    bucket.burst_bytes = static_cast<std::uint32_t>(frame);
    return bucket;
  }
  const double bytes_per_s = static_cast<double>(rate.bit_per_s()) / 8 * static_cast<double>(frame) /
                             static_cast<double>(mtu.count());
  bucket.bytes_per_s = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(bytes_per_s)));
  const auto burst = static_cast<std::int64_t>(bytes_per_s * kBurstMs / 1000);
  bucket.burst_bytes = static_cast<std::uint32_t>(std::clamp<std::int64_t>(burst, 2 * frame, kMost));
  return bucket;
}

Result<TokenBucket> TokenBucket::attach(const std::string& interface, BitRate rate, Bytes queue) {
  const auto failed = [&](const std::string& finding) {
    return Error{fmt::format("shaping {}: {}", interface, finding)};
  };
  const int index = static_cast<int>(if_nametoindex(interface.c_str()));
  if (index == 0 || interface.size() >= IFNAMSIZ)
    return Error{fmt::format("shaping {}: there is no such interface here; see: ip link", interface),
                 ExitCode::usage};
  auto socket = RouteSocket::open();
  if (!socket) return socket.error();
  const int lock = take_lock(index);
  if (lock < 0) return failed("another millrace shapes it; end that one first");
  TokenBucket bucket(std::move(*socket), interface, index, lock, make_waker(interface));
  if (auto measured = bucket.measure_link(); !measured) return measured.error();
  bucket.queue_ = queue;
  const int error =
      bucket.request(NLM_F_CREATE | NLM_F_EXCL, bucket_for(rate, bucket.mtu_, bucket.header_, bucket.queue_));
  if (error == EEXIST)
    return failed(fmt::format(
        "it has a queueing discipline already (tc qdisc show dev {}); remove it, or with `millrace "
        "clean` (`millrace-node clean`) if it was left by a millrace that was killed",
        interface));
  if (error == ENOENT) return failed("this kernel has no token bucket filter (module sch_tbf)");
  if (error != 0) return failed(said(error));
  bucket.attached_ = true;
  return bucket;
}

TokenBucket::TokenBucket(TokenBucket&& other) noexcept
    : socket_(std::move(other.socket_)),
      interface_(std::move(other.interface_)),
      index_(other.index_),
      lock_(std::exchange(other.lock_, -1)),
      waker_(std::exchange(other.waker_, -1)),
      mtu_(other.mtu_),
      header_(other.header_),
      queue_(other.queue_),
      attached_(std::exchange(other.attached_, false)) {}

TokenBucket::~TokenBucket() {
  if (attached_) (void)remove_root(socket_, index_);  // it may have gone with its interface
  if (lock_ >= 0) close(lock_);
  if (waker_ >= 0) close(waker_);
}

Result<void> TokenBucket::measure_link() {
  ifreq request{};
  std::memcpy(request.ifr_name, interface_.c_str(), interface_.size() + 1);
  if (waker_ < 0 || ioctl(waker_, SIOCGIFMTU, &request) != 0)
    return Error{fmt::format("reading the MTU of {}: {}", interface_, std::strerror(errno))};
  mtu_ = Bytes(request.ifr_mtu);
  const bool known = ioctl(waker_, SIOCGIFHWADDR, &request) == 0;
  const auto type = request.ifr_hwaddr.sa_family;
  header_ = Bytes(known && (type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK) ? 14 : 0);
  return {};
}

int TokenBucket::request(std::uint16_t flags, const BucketParameters& parameters) {
  tcmsg message{};
  message.tcm_family = AF_UNSPEC;
  message.tcm_ifindex = index_;
  message.tcm_parent = TC_H_ROOT;
  message.tcm_handle = kHandle;
  QdiscRequest request(RTM_NEWQDISC, flags, message);
  request.add(TCA_KIND, kKind, std::strlen(kKind) + 1);
  const auto options = request.begin(TCA_OPTIONS);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  tc_tbf_qopt values{};
  values.rate.linklayer = TC_LINKLAYER_ETHERNET;
  values.rate.rate = static_cast<std::uint32_t>(std::min(parameters.bytes_per_s, kMost));
  values.limit = parameters.queue_bytes;
  request.add(TCA_TBF_PARMS, &values, sizeof values);
  request.add(TCA_TBF_BURST, &parameters.burst_bytes, sizeof parameters.burst_bytes);
  if (parameters.bytes_per_s >= kMost)
    request.add(TCA_TBF_RATE64, &parameters.bytes_per_s, sizeof parameters.bytes_per_s);
  request.end(options);
  return socket_.ask(std::move(request));
}

// The kernel computed when to look at its queue with the rate before; a packet makes it look now.
Result<void> TokenBucket::set(BitRate rate) {
  const int error = request(0, bucket_for(rate, mtu_, header_, queue_));
  if (error != 0) return Error{fmt::format("changing the rate of {}: {}", interface_, said(error))};
  if (rate > BitRate()) wake(waker_);
  return {};
}

Result<std::vector<std::string>> remove_leftover_buckets() {
  auto socket = RouteSocket::open();
  if (!socket) return socket.error();
  const auto roots = socket->roots();
  if (!roots) return roots.error();
  std::vector<std::string> removed;
  for (const auto& qdisc : *roots) {
    if (qdisc.handle != kHandle || qdisc.kind != kKind) continue;
    const int lock = take_lock(qdisc.interface_index);
    if (lock < 0) continue;  // its process is alive
    char name[IF_NAMESIZE] = "";
    if_indextoname(static_cast<unsigned>(qdisc.interface_index), name);
    const int error = remove_root(*socket, qdisc.interface_index);
    close(lock);
    if (error != 0) return Error{fmt::format("removing the shaping of {}: {}", name, said(error))};
    removed.emplace_back(name);
  }
  return removed;
}

}  // namespace millrace
