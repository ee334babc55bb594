#include "runtime/net/frame_channel.hpp"

#include <fmt/format.h>

#include <charconv>
#include <deque>
#include <future>

#include "runtime/net/asio.hpp"

namespace millrace {

namespace {

// After a connection could not be accepted.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

class TcpChannel final : public FrameChannel, public std::enable_shared_from_this<TcpChannel> {
 public:
  explicit TcpChannel(tcp::socket socket) : socket_(std::move(socket)), beat_(socket_.get_executor()) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    if (const auto remote = socket_.remote_endpoint(ignored); !ignored) peer_ = text_of(remote);
    if (const auto local = socket_.local_endpoint(ignored); !ignored) local_ = local.address().to_string();
  }

  void receive(Handler handler) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), handler = std::move(handler)]() mutable {
      self->handler_ = std::move(handler);
      if (!self->lost_) return self->read_header();
      self->fail(*self->lost_);
    });
  }

  void send(Frame frame) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), frame = std::move(frame)]() mutable {
      self->enqueue(std::move(frame));
    });
  }

  void open_up() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->known_ = true; });
  }

  void keep_alive(Duration period) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), period] { self->beat(period); });
  }

  void close() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->closing_ = true;
      if (self->queue_.empty()) self->fail({"closed here"});
    });
  }

  std::string peer() const override { return peer_; }
  std::string local_address() const override { return local_; }

 private:
  struct Outgoing {
    std::array<std::byte, kFrameHeader> header;
    Frame frame;
  };

  void enqueue(Frame frame) {
    if (lost_ || closing_) return;
    if (queue_.size() >= kMaxQueued) {
      return fail({fmt::format("{} does not take what is sent to it: {} frames wait", peer_, queue_.size())});
    }
    const auto& payload = frame.payload;
    MR_CHECK(payload.bytes ? Bytes(static_cast<std::int64_t>(payload.bytes->size())) == payload.size
                           : payload.size == Bytes(0),
             "a payload without its bytes cannot be sent");
    if (frame.meta.size() > kMaxMeta || payload.size > Bytes(kMaxPayload)) {
      return fail({fmt::format("a frame of {} bytes for {} is larger than a frame may be",
                               frame.size().count(), peer_)});
    }
    const FrameHeader header{frame.type, static_cast<std::uint32_t>(frame.meta.size()),
                             static_cast<std::uint32_t>(frame.payload.size.count())};
    queue_.push_back({encode_header(header), std::move(frame)});
    if (queue_.size() == 1) write_front();
  }

  void write_front() {
    const auto& front = queue_.front();
    const auto* payload = front.frame.payload.bytes.get();
    const std::array<asio::const_buffer, 3> buffers{
        asio::buffer(front.header), asio::buffer(front.frame.meta),
        payload ? asio::buffer(payload->data(), payload->size()) : asio::const_buffer{}};
    asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->fail({fmt::format("sending to {}: {}", self->peer_, error.message())});
      if (self->lost_) return;
      self->queue_.pop_front();
      if (!self->queue_.empty()) return self->write_front();
      if (self->closing_) self->fail({"closed here"});
    });
  }

  void read_header() {
    asio::async_read(
        socket_, asio::buffer(header_), [self = shared_from_this()](error_code error, std::size_t) {
          if (error) return self->lost(error);
          const auto header = decode_header(self->header_);
          if (!header) return self->refuse(header.error());
          if (!self->known_ && (header->payload_bytes > 0 || header->meta_bytes > kMaxStrangerMeta)) {
            return self->refuse({"an oversized frame came before a greeting"});
          }
          self->read_body(*header);
        });
  }

  void read_body(const FrameHeader& header) {
    incoming_ = Frame{header.type, std::string(header.meta_bytes, '\0'), {}};
    payload_ = std::make_shared<std::vector<std::byte>>(header.payload_bytes);
    const std::array<asio::mutable_buffer, 2> buffers{asio::buffer(incoming_.meta), asio::buffer(*payload_)};
    asio::async_read(socket_, buffers, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->lost(error);
      if (!self->payload_->empty()) {
        self->incoming_.payload = {Bytes(static_cast<std::int64_t>(self->payload_->size())), self->payload_};
      }
      self->payload_.reset();
      if (self->handler_) self->handler_(std::move(self->incoming_));
      if (!self->lost_) self->read_header();
    });
  }

  void beat(Duration period) {
    if (lost_) return;
    beat_.expires_after(std::chrono::nanoseconds(period.count_ns()));
    beat_.async_wait([self = shared_from_this(), period](error_code error) {
      if (error || self->lost_) return;
      self->enqueue(to_frame(FrameType::heartbeat));
      self->beat(period);
    });
  }

  // What is refused is said to both sides; the peer is given a moment to hear it.
  void refuse(const Error& error) {
    enqueue(to_frame(error));
    closing_ = true;
    tell(error.in(peer_));
  }

  void lost(error_code error) {
    const bool ended = error == asio::error::eof || error == asio::error::connection_reset;
    fail({fmt::format("{}: {}", peer_,
                      ended ? "the connection was closed by the other side" : error.message()),
          ExitCode::peer_lost});
  }

  void fail(Error error) {
    if (!lost_) {
      lost_ = std::move(error);
      error_code ignored;
      beat_.cancel(ignored);
      socket_.shutdown(tcp::socket::shutdown_both, ignored);
      socket_.close(ignored);
    }
    tell(*lost_);
  }

  // The handler hears of one end only.
  void tell(const Error& error) {
    if (const auto handler = std::exchange(handler_, {})) handler(error);
  }

  tcp::socket socket_;
  asio::steady_timer beat_;
  std::string peer_ = "an unknown peer";
  std::string local_;
  Handler handler_;
  std::deque<Outgoing> queue_;
  std::array<std::byte, kFrameHeader> header_{};
  Frame incoming_;
  std::shared_ptr<std::vector<std::byte>> payload_;
  std::optional<Error> lost_;
  bool known_ = false;
  bool closing_ = false;
};

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : state_(std::make_shared<State>(std::move(acceptor))) {}
  ~TcpListener() override {
    asio::post(state_->acceptor.get_executor(), [state = state_] {
      error_code ignored;
      state->acceptor.close(ignored);
      state->pause.cancel(ignored);
    });
  }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  Endpoint local() const override {
    error_code ignored;
    const auto endpoint = state_->acceptor.local_endpoint(ignored);
    return {endpoint.address().to_string(), endpoint.port()};
  }
  void accept(std::function<void(ChannelPointer)> handler) override {
    state_->handler = std::move(handler);
    next(state_);
  }

 private:
  struct State {
    explicit State(tcp::acceptor open) : acceptor(std::move(open)), pause(acceptor.get_executor()) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::function<void(ChannelPointer)> handler;
  };
  static void next(const std::shared_ptr<State>& state) {
    state->acceptor.async_accept([state](error_code error, tcp::socket socket) {
      if (!state->acceptor.is_open()) return;
      if (!error) state->handler(std::make_shared<TcpChannel>(std::move(socket)));
      if (!error) return next(state);
      // Too many open files, say: it may pass.
      state->pause.expires_after(kAcceptPause);
      state->pause.async_wait([state](error_code stopped) {
        if (!stopped && state->acceptor.is_open()) next(state);
      });
    });
  }
  std::shared_ptr<State> state_;
};

// All addresses of a name: "localhost" has two where there is IPv6.
Result<std::vector<tcp::endpoint>> resolve(IoLoop& loop, const Endpoint& endpoint) {
  error_code error;
  tcp::resolver resolver(loop.impl().context);
  const auto found = resolver.resolve(endpoint.address, std::to_string(endpoint.port), error);
  if (endpoint.address == "localhost" && (error || found.empty())) {
    // A bare machine may lack /etc/hosts; what localhost means does not depend on it (RFC 6761, section 6.3).
    return std::vector{tcp::endpoint(asio::ip::address_v4::loopback(), endpoint.port),
                       tcp::endpoint(asio::ip::address_v6::loopback(), endpoint.port)};
  }
  if (error || found.empty()) {
    return Error{fmt::format("{}:{}: not an address: {}", endpoint.address, endpoint.port, error.message())};
  }
  return std::vector<tcp::endpoint>(found.begin(), found.end());
}

}  // namespace

Result<ChannelPointer> connect_channel(IoLoop& loop, const Endpoint& endpoint, Duration timeout) {
  const auto where = resolve(loop, endpoint);
  if (!where) return where.error();
  const auto name = fmt::format("{}:{}", endpoint.address, endpoint.port);
  const auto socket = std::make_shared<tcp::socket>(loop.impl().context);
  const auto done = std::make_shared<std::promise<error_code>>();
  auto future = done->get_future();
  asio::async_connect(*socket, *where,
                      [done, socket](error_code error, const tcp::endpoint&) { done->set_value(error); });
  if (future.wait_for(std::chrono::nanoseconds(timeout.count_ns())) != std::future_status::ready) {
    asio::post(loop.impl().context, [socket] {
      error_code ignored;
      socket->close(ignored);
    });
    return Error{fmt::format("connecting to {}: no answer in {:.1f} s", name, timeout.seconds()),
                 ExitCode::timeout};
  }
  if (const auto error = future.get()) {
    return Error{fmt::format("connecting to {}: {}", name, error.message()), ExitCode::peer_lost};
  }
  return ChannelPointer(std::make_shared<TcpChannel>(std::move(*socket)));
}

Result<std::unique_ptr<Listener>> listen_on(IoLoop& loop, const Endpoint& endpoint) {
  const auto found = resolve(loop, endpoint);
  if (!found) return found.error();
  const auto where = found->front();
  error_code error;
  tcp::acceptor acceptor(loop.impl().context);
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{fmt::format("listening on {}: {}", text_of(where), error.message())};
  return std::unique_ptr<Listener>(std::make_unique<TcpListener>(std::move(acceptor)));
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  const Error fault{fmt::format("\"{}\" is not an address; write HOST:PORT, e.g. 127.0.0.1:7000", text),
                    ExitCode::usage};
  if (colon == std::string_view::npos || colon == 0) return fault;
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (wrong != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return fault;
  return Endpoint{std::string(host), port};
}

}  // namespace millrace
