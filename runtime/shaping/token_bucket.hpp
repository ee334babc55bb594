// Shapes the outgoing traffic of an interface with the kernel's token bucket (tbf), set through netlink. The
// only part of millrace that needs CAP_NET_ADMIN. The bucket is removed with the object;
// remove_leftover_buckets() removes those of killed processes.
//
// Rates are those of the IP layer (sim/net/README.md), but tbf counts the link layer's header with each
// packet: the bucket is filled so that packets of a full MTU pass at the requested rate.
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
  std::uint32_t queue_bytes = 0;  // how much may wait; more is dropped
};

// The burst is what passes in 2 ms, and at least two full packets: on a busy machine the kernel's timers are
// late by some 100 us, and tokens that find the bucket full are lost. A burst of 2 ms lets a message arrive
// at most 2 ms earlier, and only after a pause. At rate 0 one packet passes, then nothing.
inline constexpr std::int64_t kBurstMs = 2;
// REQUIRES rate >= 0, mtu > 0.
BucketParameters bucket_for(BitRate rate, Bytes mtu, Bytes link_header, Bytes queue);

class TokenBucket final : public ShapedLink {
 public:
  // In the network namespace of the calling thread. Errors: no such interface, no permission, another
  // millrace shapes the interface, or it has a queueing discipline of its own.
  static Result<TokenBucket> attach(const std::string& interface, BitRate rate, Bytes queue);
  TokenBucket(TokenBucket&& other) noexcept;
  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;
  TokenBucket& operator=(TokenBucket&&) = delete;
  ~TokenBucket() override;

  // Takes effect at once, from any thread and namespace. Packets in the queue stay there.
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
  int lock_;   // its holder shapes this interface; released when the process ends
  int waker_;  // a packet through it makes the kernel look at the queue again
  Bytes mtu_, header_, queue_;
  bool attached_ = false;
};

// Removes buckets of this network namespace whose process has gone; returns their interfaces.
Result<std::vector<std::string>> remove_leftover_buckets();

}  // namespace millrace
