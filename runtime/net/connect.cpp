// Outgoing connections.
#include <fmt/format.h>

#include <future>

#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

// From resolving to the server's first heartbeat, which says that it has taken our certificate: in TLS 1.3 a
// client's handshake ends before the server has looked at it.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(IoLoop& loop, std::string name, SecurityPointer keys)
      : keys_(std::move(keys)), name_(std::move(name)), socket_(loop.impl().context) {}

  std::future<Result<ChannelPointer>> begin(const std::vector<tcp::endpoint>& where) {
    auto future = done_.get_future();
    asio::async_connect(socket_, where, [self = shared_from_this()](error_code error, const tcp::endpoint&) {
      if (error) return self->fail(error, ExitCode::peer_lost);
      self->connected();
    });
    return future;
  }

  // On the loop's thread; the promise is not kept any more.
  void give_up() {
    over_ = true;
    error_code ignored;
    socket_.close(ignored);
    if (stream_) stream_->close();
  }

 private:
  void connected() {
    if (over_) return;
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    stream_ = std::make_unique<ByteStream>(std::move(socket_), keys_);
    if (!stream_->tls) return finish();
    stream_->tls->async_handshake(asio::ssl::stream_base::client,
                                  [self = shared_from_this()](error_code error) {
                                    if (error) return self->fail(error, ExitCode::authentication);
                                    self->await_welcome();
                                  });
  }

  void await_welcome() {
    if (over_) return;
    stream_->names = names_of_peer(*stream_->tls);
    stream_->read(
        asio::buffer(header_), [] {},
        [self = shared_from_this()](error_code error, std::size_t) {
          if (error) return self->fail(error, ExitCode::authentication);
          const auto header = decode_header(self->header_);
          const bool welcome = header && header->type == FrameType::heartbeat && header->meta_bytes == 0;
          if (!welcome) return self->fail(asio::error::invalid_argument, ExitCode::run_failed);
          self->finish();
        });
  }

  void finish() {
    if (std::exchange(over_, true)) return;
    done_.set_value(make_channel(std::move(stream_)));
  }

  void fail(error_code error, ExitCode code) {
    if (std::exchange(over_, true)) return;
    const auto detail = keys_ && code == ExitCode::authentication
                            ? "it was not agreed who talks to whom: " + error.message()
                            : error.message();
    done_.set_value(Error{fmt::format("connecting to {}: {}", name_, detail), code});
  }

  SecurityPointer keys_;
  std::string name_;
  tcp::socket socket_;
  std::unique_ptr<ByteStream> stream_;
  std::array<std::byte, kFrameHeader> header_{};
  std::promise<Result<ChannelPointer>> done_;
  bool over_ = false;
};

}  // namespace

Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint,
                                           const SecurityPointer& keys, std::string_view doing) {
  error_code error;
  tcp::resolver resolver(loop.impl().context);
  const auto found = resolver.resolve(endpoint.address, std::to_string(endpoint.port), error);
  if (endpoint.address == "localhost" && (error || found.empty())) {
    // A bare machine may lack /etc/hosts; what localhost means does not depend on it (RFC 6761, section 6.3).
    return std::vector{tcp::endpoint(asio::ip::address_v4::loopback(), endpoint.port),
                       tcp::endpoint(asio::ip::address_v6::loopback(), endpoint.port)};
  }
  if (error || found.empty())
    return Error{fmt::format("{}: this name has no address: {}", to_string(endpoint), error.message()),
                 ExitCode::invalid_input};
  std::vector<tcp::endpoint> all(found.begin(), found.end());
  for (const auto& each : all) {
    if (keys || each.address().is_loopback()) continue;
    return Error{fmt::format("{} {} without keys would let anybody take part or listen in; give --keys DIR "
                             "(`millrace keys` makes them), or stay on 127.0.0.1",
                             doing, to_string(endpoint)),
                 ExitCode::authentication};
  }
  return all;
}

Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys) {
  const auto where = resolve(loop, endpoint, keys, "connecting to");
  if (!where) return where.error();
  const auto name = to_string(endpoint);
  const auto connecting = std::make_shared<Connecting>(loop, name, keys);
  auto future = connecting->begin(*where);
  if (future.wait_for(std::chrono::nanoseconds(timeout.count_ns())) != std::future_status::ready) {
    asio::post(loop.impl().context, [connecting] { connecting->give_up(); });
    return Error{fmt::format("connecting to {}: no answer in {:.1f} s", name, timeout.seconds()),
                 ExitCode::timeout};
  }
  return future.get();
}

}  // namespace millrace
