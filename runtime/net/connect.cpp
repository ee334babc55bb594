// Outgoing connections.
#include <fmt/format.h>

#include <openssl/err.h>

#include <future>

#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

// The number of connections that a peer may close in their handshake before it counts as gone: a flooded peer
// closes those of strangers.
constexpr int kMaxClosed = 3;
// The period of asking whether to stop waiting.
constexpr auto kLook = std::chrono::milliseconds(50);

bool is_busy(error_code error) { return is_tls_error(error) && ERR_GET_REASON(error.value()) == kBusyReason; }

// The result of one attempt to connect.
struct Attempt {
  ChannelPointer channel{};  // null: it failed
  std::string text{};
  ExitCode code = ExitCode::run_failed;
  bool met = false;      // a peer accepted the connection
  bool closed = false;   // and closed it
  bool refused = false;  // no peer accepted it
};

constexpr std::string_view kNoTls =
    "it speaks no TLS: it was started without keys; start it with --keys and its folder (`millrace keys` "
    "makes them)";

// From resolved addresses to the server's first heartbeat, which says that it has accepted our certificate:
// in TLS 1.3 a client's handshake ends before the server has checked it.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(IoLoop& loop, std::string name, SecurityPointer keys)
      : keys_(std::move(keys)), name_(std::move(name)), socket_(loop.impl().context) {}

  std::future<Attempt> begin(const std::vector<tcp::endpoint>& where) {
    auto future = done_.get_future();
    asio::async_connect(socket_, where, [self = shared_from_this()](error_code error, const tcp::endpoint&) {
      if (error) return self->fail({.text = error.message(), .code = ExitCode::timeout, .refused = true});
      self->connected();
    });
    return future;
  }

  // On the loop's thread. The future of begin() gets no value after this.
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
                                    if (error) return self->fail_handshake(error);
                                    self->await_welcome();
                                  });
  }

  void await_welcome() {
    if (over_) return;
    stream_->names = names_of_peer(*stream_->tls);
    stream_->read(
        asio::buffer(header_), [] {},
        [self = shared_from_this()](error_code error, std::size_t) {
          if (error) return self->fail_handshake(error);
          const auto header = decode_header(self->header_);
          const bool welcome = header && header->type == FrameType::heartbeat && header->meta_bytes == 0;
          if (!welcome)
            return self->fail({.text = "another program than millrace answers there", .met = true});
          self->finish();
        });
  }

  void finish() {
    if (std::exchange(over_, true)) return;
    done_.set_value({.channel = make_channel(std::move(stream_)), .met = true});
  }

  // An error of OpenSSL is about keys; every other error is a connection that has ended.
  void fail_handshake(error_code error) {
    if (is_busy(error)) {
      return fail({.text = "it is busy with too many handshakes", .code = ExitCode::timeout, .met = true});
    }
    if (is_tls_error(error)) {
      return fail({.text = met_no_tls(error) ? std::string(kNoTls)
                                             : "it was not agreed who talks to whom: " + error.message(),
                   .code = ExitCode::authentication,
                   .met = true});
    }
    fail({.text = "the connection was closed before it was agreed who talks to whom",
          .code = ExitCode::peer_lost,
          .met = true,
          .closed = true});
  }

  void fail(Attempt attempt) {
    if (std::exchange(over_, true)) return;
    attempt.text = fmt::format("connecting to {}: {}", name_, attempt.text);
    done_.set_value(std::move(attempt));
  }

  SecurityPointer keys_;
  std::string name_;
  tcp::socket socket_;
  std::unique_ptr<ByteStream> stream_;
  std::array<std::byte, kFrameHeader> header_{};
  std::promise<Attempt> done_;
  bool over_ = false;
};

}  // namespace

Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint,
                                           const SecurityPointer& keys, std::string_view doing) {
  error_code error;
  tcp::resolver resolver(loop.impl().context);
  const auto found = resolver.resolve(endpoint.address, std::to_string(endpoint.port), error);
  if (endpoint.address == "localhost" && (error || found.empty())) {
    // A bare machine may lack /etc/hosts; localhost means loopback without it too (RFC 6761, section 6.3).
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
  Approach first;
  return connect_channel(loop, endpoint, timeout, keys, first);
}

Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout,
                                       const SecurityPointer& keys, Approach& approach) {
  const auto where = resolve(loop, endpoint, keys, "connecting to");
  if (!where) return where.error();
  const auto name = to_string(endpoint);
  const auto connecting = std::make_shared<Connecting>(loop, name, keys);
  auto future = connecting->begin(*where);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.count_ns());
  while (future.wait_until(std::min(give_up, std::chrono::steady_clock::now() + kLook)) !=
         std::future_status::ready) {
    const bool stopped = approach.stop && approach.stop();
    if (!stopped && std::chrono::steady_clock::now() < give_up) continue;
    asio::post(loop.impl().context, [connecting] { connecting->give_up(); });
    return Error{stopped ? fmt::format("connecting to {}: not needed any more", name)
                         : fmt::format("connecting to {}: no answer in {:.1f} s", name, timeout.seconds()),
                 ExitCode::timeout};
  }
  auto attempt = future.get();
  if (attempt.channel) {
    approach.met = true;
    return std::move(attempt.channel);
  }
  if (attempt.closed && ++approach.closed <= kMaxClosed) attempt.code = ExitCode::timeout;
  if (attempt.refused && approach.met) attempt.code = ExitCode::peer_lost;
  approach.met = approach.met || attempt.met;
  return Error{std::move(attempt.text), attempt.code};
}

}  // namespace millrace
