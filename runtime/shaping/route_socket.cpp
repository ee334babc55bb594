#include "runtime/shaping/route_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kAnswer = 32U << 10;

// Passes the messages of one datagram from the kernel to `take`, which returns whether to end. Returns true
// if it ended so, or at a malformed message.
bool each_message(const std::byte* data, std::size_t size,
                  const std::function<bool(const nlmsghdr&, const std::byte*, std::size_t)>& take) {
  while (size >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, data, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) return true;
    if (take(header, data + sizeof header, header.nlmsg_len - sizeof header)) return true;
    const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), size);
    data += step;
    size -= step;
  }
  return false;
}

int error_in(const nlmsghdr& header, const std::byte* body, std::size_t size) {
  std::int32_t error = 0;
  if (header.nlmsg_type != NLMSG_ERROR || size < sizeof error) return EPROTO;
  std::memcpy(&error, body, sizeof error);
  return -error;
}

std::string kind_in(const std::byte* data, std::size_t size) {
  while (size >= sizeof(rtattr)) {
    rtattr attribute{};
    std::memcpy(&attribute, data, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > size) break;
    const auto* text = reinterpret_cast<const char*>(data + sizeof attribute);
    const std::size_t length = attribute.rta_len - sizeof attribute;
    if (attribute.rta_type == TCA_KIND) return {text, strnlen(text, length)};
    const std::size_t step = std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), size);
    data += step;
    size -= step;
  }
  return {};
}

std::optional<RouteSocket::Qdisc> root_in(const nlmsghdr& header, const std::byte* body, std::size_t size) {
  tcmsg message{};
  if (header.nlmsg_type != RTM_NEWQDISC || size < sizeof message) return std::nullopt;
  std::memcpy(&message, body, sizeof message);
  if (message.tcm_parent != TC_H_ROOT) return std::nullopt;
  return RouteSocket::Qdisc{message.tcm_ifindex, message.tcm_handle,
                            kind_in(body + sizeof message, size - sizeof message)};
}

}  // namespace

QdiscRequest::QdiscRequest(std::uint16_t type, std::uint16_t flags, const tcmsg& message) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  grow(&header, sizeof header);
  grow(&message, sizeof message);
}

void QdiscRequest::grow(const void* data, std::size_t size) {
  const auto at = bytes_.size();
  bytes_.resize(at + NLMSG_ALIGN(size));
  if (size > 0) std::memcpy(bytes_.data() + at, data, size);
}

void QdiscRequest::add(std::uint16_t type, const void* data, std::size_t size) {
  rtattr attribute{};
  attribute.rta_type = type;
  attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  grow(&attribute, sizeof attribute);
  grow(data, size);
}

std::size_t QdiscRequest::begin(std::uint16_t type) {
  const auto at = bytes_.size();
  add(type, nullptr, 0);
  return at;
}

void QdiscRequest::end(std::size_t nested) {
  rtattr attribute{};
  std::memcpy(&attribute, bytes_.data() + nested, sizeof attribute);
  attribute.rta_len = static_cast<std::uint16_t>(bytes_.size() - nested);
  std::memcpy(bytes_.data() + nested, &attribute, sizeof attribute);
}

Result<RouteSocket> RouteSocket::open() {
  const int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (made < 0)
    return Error{fmt::format("opening a socket to the kernel's traffic control: {}", std::strerror(errno))};
  return RouteSocket(made);
}

RouteSocket::RouteSocket(RouteSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), sequence_(other.sequence_) {}

RouteSocket::~RouteSocket() {
  if (socket_ >= 0) close(socket_);
}

int RouteSocket::ask(QdiscRequest request) {
  auto& bytes = request.bytes();
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | NLM_F_ACK);
  header.nlmsg_seq = ++sequence_;
  std::memcpy(bytes.data(), &header, sizeof header);
  if (send(socket_, bytes.data(), bytes.size(), 0) < 0) return errno;
  std::array<std::byte, kAnswer> answer;
  for (;;) {
    const auto got = recv(socket_, answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EPROTO;
    std::optional<int> error;
    each_message(answer.data(), static_cast<std::size_t>(got), [&](const auto& head, auto* body, auto size) {
      if (head.nlmsg_seq == sequence_) error = error_in(head, body, size);
      return error.has_value();
    });
    if (error) return *error;
  }
}

Result<std::vector<RouteSocket::Qdisc>> RouteSocket::roots() {
  tcmsg all{};
  all.tcm_family = AF_UNSPEC;
  QdiscRequest request(RTM_GETQDISC, NLM_F_DUMP, all);
  auto& bytes = request.bytes();
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  header.nlmsg_seq = ++sequence_;
  std::memcpy(bytes.data(), &header, sizeof header);
  const auto failed = [](int error) {
    return Error{fmt::format("listing queueing disciplines: {}", std::strerror(error))};
  };
  if (send(socket_, bytes.data(), bytes.size(), 0) < 0) return failed(errno);
  std::vector<Qdisc> found;
  std::array<std::byte, kAnswer> answer;
  for (bool done = false; !done;) {
    const auto got = recv(socket_, answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed(got < 0 ? errno : EPROTO);
    done =
        each_message(answer.data(), static_cast<std::size_t>(got), [&](const auto& head, auto* body, auto n) {
          if (head.nlmsg_seq != sequence_) return false;
          if (auto qdisc = root_in(head, body, n)) found.push_back(std::move(*qdisc));
          return head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR;
        });
  }
  return found;
}

}  // namespace millrace
