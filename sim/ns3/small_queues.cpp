#include "sim/ns3/small_queues.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/check.hpp"

namespace millrace {
namespace {

constexpr std::size_t kIpHeader = 20, kTcpHeader = 20;  // at least
constexpr std::uint8_t kIpv4 = 4, kTcp = 6;

}  // namespace

std::optional<TcpSegment> tcp_segment(const ns3::Packet& packet) {
  std::array<std::uint8_t, 60 + kTcpHeader> bytes{};  // IPv4 with all its options
  const std::size_t size = packet.CopyData(bytes.data(), bytes.size());
  if (size < kIpHeader + kTcpHeader || bytes[0] >> 4 != kIpv4 || bytes[9] != kTcp) return std::nullopt;
  const std::size_t tcp = 4 * (bytes[0] & 0xFU);
  if (tcp < kIpHeader || size < tcp + kTcpHeader) return std::nullopt;
  const auto two = [&](std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); };
  const auto four = [&](std::size_t at) { return std::uint32_t{two(at)} << 16 | two(at + 2); };
  const std::size_t headers = tcp + 4 * static_cast<std::size_t>(bytes[tcp + 12] >> 4);
  if (packet.GetSize() < headers) return std::nullopt;
  return TcpSegment{four(12),
                    {four(16), two(tcp), two(tcp + 2)},
                    four(tcp + 4),
                    packet.GetSize() - static_cast<std::uint32_t>(headers)};
}

bool SmallQueues::may_enter(const TcpFlow& flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() || (found->second.waiting.empty() && found->second.in_device < kInDevice);
}

bool SmallQueues::holds(const TcpSegment& segment) const {
  const auto found = flows_.find(segment.flow);
  if (found == flows_.end()) return false;
  const auto& held = found->second.held;
  auto piece = held.upper_bound(segment.sequence);
  std::uint64_t covered = segment.sequence;
  const std::uint64_t end = covered + segment.bytes;
  if (piece != held.begin()) --piece;
  for (; covered < end && piece != held.end() && piece->first <= covered; ++piece)
    covered = std::max(covered, std::uint64_t{piece->first} + piece->second);
  return covered >= end;
}

void SmallQueues::wait(QueuedPacket packet) {
  const auto flow = *packet.flow;
  auto& state = flows_[flow];
  state.held[packet.sequence] = packet.bytes;
  if (state.waiting.empty()) turns_.push_back(flow);
  state.waiting.push_back(std::move(packet));
}

void SmallQueues::entered(const QueuedPacket& packet) {
  auto& state = flows_[*packet.flow];
  state.held[packet.sequence] = packet.bytes;
  ++state.in_device;
}

void SmallQueues::left(const QueuedPacket& packet) {
  const auto found = flows_.find(*packet.flow);
  MR_CHECK(found != flows_.end() && found->second.in_device > 0, "a packet left that had not entered");
  auto& state = found->second;
  state.held.erase(packet.sequence);
  if (--state.in_device == 0 && state.waiting.empty()) flows_.erase(found);
}

std::optional<QueuedPacket> SmallQueues::next(Bytes room) {
  for (auto turn = turns_.begin(); turn != turns_.end(); ++turn) {
    const auto flow = *turn;
    auto& state = flows_.at(flow);
    if (state.in_device >= kInDevice) continue;
    if (Bytes(state.waiting.front().packet->GetSize()) > room) return std::nullopt;
    auto packet = std::move(state.waiting.front());
    state.waiting.pop_front();
    turns_.erase(turn);
    if (!state.waiting.empty()) turns_.push_back(flow);
    return packet;
  }
  return std::nullopt;
}

void SmallQueues::clear() {
  flows_.clear();
  turns_.clear();
}

}  // namespace millrace
