// The scenario's cross traffic on real links: datagrams of one MTU in the bursts of sim/net/cross_traffic,
// and TCP connections of the kernel that always have something to send. One thread serves all entries. It
// runs before the agents and after the LinkEmulator; a datagram that is late is sent late, and none is left
// out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/links/network_namespace.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

class RealCrossTraffic {
 public:
  struct Counts {
    std::uint64_t sent_bytes = 0;     // IP packets of datagrams; for TCP what the kernel took
    std::uint64_t arrived_bytes = 0;  // the same at the other end
    std::uint64_t refused = 0;        // datagrams that the sender's kernel did not take
  };

  // Opens all sockets in the devices' namespaces, `address` is that of a device. Sends nothing yet. `spec`
  // outlives this.
  static Result<std::unique_ptr<RealCrossTraffic>> open(const NetworkSpec& spec,
                                                        const std::vector<NetworkNamespace>& devices,
                                                        const std::function<std::string(DeviceId)>& address);
  ~RealCrossTraffic();

  // Time 0 is now. REQUIRES not started.
  void start();
  // The result is an error where a connection never came about.
  Result<void> stop();
  // Of an entry of NetworkSpec::cross_traffic; after stop().
  const Counts& counts(std::size_t entry) const;

 private:
  class Sources;  // so that Boost.Asio is not included here
  explicit RealCrossTraffic(std::unique_ptr<Sources> sources);
  std::unique_ptr<Sources> sources_;
};

}  // namespace millrace
