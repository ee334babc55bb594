// Shapes what leaves an interface: the kernel's token bucket (tbf), set through netlink. Needs CAP_NET_ADMIN,
// and is the only part of millrace that does. The bucket is removed with the object; one whose process was
// killed is found by remove_leftover_buckets().
//
// Rates are those of the IP layer (sim/net/README.md), but tbf counts the link layer's header with each
// packet: the bucket is filled so that packets of a full MTU pass at the asked rate.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/units.hpp"
#include "runtime/shaping/route_socket.hpp"
#include "runtime/shaping/shaped_link.hpp"

namespace millrace {

struct BucketParameters {
  std::uint64_t bytes_per_s = 0;  // with the link layer's header
  std::uint32_t burst_bytes = 0;  // how much may leave at once after a pause
  std::uint32_t queue_bytes = 0;  // what waits; more is dropped
};

// The burst is what passes in 2 ms, and two full packets at least: the kernel's timers (and whoever else uses
// the processor) are late by some 100 us, and tokens that find the bucket full are lost. 2 ms of burst
// shorten a message's way by at most 2 ms, and only after a pause. At rate 0 one packet passes, then nothing.
inline constexpr std::int64_t kBurstMs = 2;
// REQUIRES rate >= 0, mtu > 0.
BucketParameters bucket_for(BitRate rate, Bytes mtu, Bytes link_header, Bytes queue);

class TokenBucket final : public ShapedLink {
 public:
  // In the network namespace of the calling thread. Errors: no such interface, no permission, the interface
  // has a queueing discipline of somebody's own.
  static Result<TokenBucket> attach(const std::string& interface, BitRate rate, Bytes queue);
  TokenBucket(TokenBucket&& other) noexcept;
  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;
  TokenBucket& operator=(TokenBucket&&) = delete;
  ~TokenBucket() override;

  // At once, from any thread and namespace. What waits in the queue stays there.
  Result<void> set(BitRate rate) override;
  const std::string& interface() const { return interface_; }
  Bytes mtu() const { return mtu_; }

 private:
  TokenBucket(RouteSocket socket, std::string interface, int index, int lock, int waker)
      : socket_(std::move(socket)),
        interface_(std::move(interface)),
        index_(index),
        lock_(lock),
        waker_(waker) {}
  int request(std::uint16_t flags, const BucketParameters& parameters);
  Result<void> measure_link();

  RouteSocket socket_;
  std::string interface_;
  int index_;
  int lock_;   // who has it shapes this interface; gone with the process
  int waker_;  // a packet through it makes the kernel look at the queue again
  Bytes mtu_, header_, queue_;
  bool attached_ = false;
};

// Removes buckets of this network namespace whose process has gone; returns their interfaces.
Result<std::vector<std::string>> remove_leftover_buckets();

}  // namespace millrace
