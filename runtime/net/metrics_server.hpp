// A page of figures over HTTP/1.1: GET /metrics, nothing else. As everywhere, beyond loopback only with
// keys, and then over TLS to the host and the scrapers of the fleet.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/net/io_loop.hpp"
#include "runtime/net/security.hpp"

namespace millrace {

class MetricsServer {
 public:
  static constexpr std::size_t kMaxRequest = 8 << 10;
  static constexpr std::size_t kMaxConnections = 16;

  // `loop` must outlive the server; `page` runs on its thread.
  static Result<std::unique_ptr<MetricsServer>> open(IoLoop& loop, const Endpoint& where,
                                                     const SecurityPointer& keys,
                                                     std::function<std::string()> page);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  Endpoint local() const;

 private:
  struct State;
  MetricsServer() = default;
  std::shared_ptr<State> state_;
};

}  // namespace millrace
