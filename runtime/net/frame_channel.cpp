#include "runtime/net/frame_channel.hpp"

#include <fmt/format.h>

#include <atomic>
#include <deque>

#include "runtime/base/caught.hpp"
#include "runtime/net/buffer_pool.hpp"
#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

class TcpChannel final : public FrameChannel, public std::enable_shared_from_this<TcpChannel> {
 public:
  explicit TcpChannel(std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)),
        beat_(stream_->socket.get_executor()),
        watch_(stream_->socket.get_executor()) {
    error_code ignored;
    stream_->socket.set_option(tcp::no_delay(true), ignored);
    if (const auto remote = stream_->socket.remote_endpoint(ignored); !ignored) peer_ = text_of(remote);
    if (const auto local = stream_->socket.local_endpoint(ignored); !ignored)
      local_ = local.address().to_string();
  }

  void receive(Handler handler) override {
    asio::dispatch(stream_->socket.get_executor(),
                   [self = shared_from_this(), handler = std::move(handler)]() mutable {
                     self->handler_ = std::move(handler);
                     if (self->lost_) return self->fail(*self->lost_);
                     if (!std::exchange(self->reading_, true)) self->read_header();
                   });
  }

  void send(Frame frame) override {
    on_loop([frame = std::move(frame)](TcpChannel& self) mutable { self.enqueue(std::move(frame)); });
  }
  void open_up(std::size_t memory) override {
    on_loop([memory](TcpChannel& self) {
      self.known_ = true;
      self.pool_->budget(memory);
    });
  }
  void keep_alive(Duration period) override {
    on_loop([period](TcpChannel& self) { self.beat(period); });
  }
  void expect_life(Duration silence) override {
    on_loop([silence](TcpChannel& self) {
      self.heard_ = Clock::now();
      self.watch(std::chrono::nanoseconds(silence.count_ns()));
    });
  }
  void close() override {
    on_loop([](TcpChannel& self) {
      self.closing_ = true;
      if (self.queue_.empty()) self.fail({"closed here"});
    });
  }

  std::string peer() const override { return peer_; }
  std::string local_address() const override { return local_; }
  const std::optional<PeerNames>& names() const override { return stream_->names; }
  Traffic traffic() const override { return {bytes_in_, bytes_out_}; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Outgoing {
    std::string head;  // header and meta: one piece, so that TLS makes one record of them
    Payload payload;
  };

  template <class Work>
  void on_loop(Work work) {
    asio::post(stream_->socket.get_executor(), [self = shared_from_this(), work = std::move(work)]() mutable {
      self->contain("sending to", [&] { work(*self); });
    });
  }

  // An exception while this connection is served ends this connection only.
  template <class Call>
  void contain(std::string_view doing, Call call) {
    try {
      call();
    } catch (...) {
      fail(caught(fmt::format("{} {}", doing, peer_)));
    }
  }

  void enqueue(Frame frame) {
    if (lost_ || closing_) return;
    const auto size = frame.size().count();
    if (queue_.size() >= kMaxQueued || (!queue_.empty() && queued_bytes_ + size > kMaxQueuedBytes)) {
      return fail({fmt::format("{} does not take what is sent to it: {} frames wait, {} MiB", peer_,
                               queue_.size(), queued_bytes_ >> 20),
                   ExitCode::peer_lost});
    }
    const auto& payload = frame.payload;
    MR_CHECK(payload.bytes ? Bytes(static_cast<std::int64_t>(payload.bytes->size())) == payload.size
                           : payload.size == Bytes(0),
             "a payload without its bytes cannot be sent");
    if (frame.meta.size() > kMaxMeta || payload.size > Bytes(kMaxPayload)) {
      return fail({fmt::format("a frame of {} bytes for {} is larger than a frame may be",
                               frame.size().count(), peer_)});
    }
    const auto header = encode_header({frame.type, static_cast<std::uint32_t>(frame.meta.size()),
                                       static_cast<std::uint32_t>(frame.payload.size.count())});
    std::string head(reinterpret_cast<const char*>(header.data()), header.size());
    head += frame.meta;
    queue_.push_back({std::move(head), std::move(frame.payload)});
    queued_bytes_ += size;
    if (queue_.size() == 1) write_front();
  }

  void write_front() {
    const auto& front = queue_.front();
    const auto* payload = front.payload.bytes.get();
    const std::array<asio::const_buffer, 2> buffers{
        asio::buffer(front.head),
        payload ? asio::buffer(payload->data(), payload->size()) : asio::const_buffer{}};
    stream_->write(buffers, [self = shared_from_this()](error_code error, std::size_t written) {
      self->bytes_out_ += written;
      if (error) return self->fail(self->broken("sending to", error));
      if (self->lost_) return;
      const auto& sent = self->queue_.front();
      self->queued_bytes_ -= static_cast<std::int64_t>(sent.head.size()) + sent.payload.size.count();
      self->queue_.pop_front();
      if (!self->queue_.empty()) return self->write_front();
      if (self->closing_) self->fail({"closed here"});
    });
  }

  // Runs whenever bytes have come.
  auto note_life() {
    return [self = shared_from_this()] { self->heard_ = Clock::now(); };
  }

  void read_header() {
    stream_->read(
        asio::buffer(header_), note_life(), [self = shared_from_this()](error_code error, std::size_t) {
          if (error) return self->lost(error);
          const auto header = decode_header(self->header_);
          if (!header) return self->refuse(header.error());
          if (!self->known_ && (header->payload_bytes > 0 || header->meta_bytes > kMaxStrangerMeta)) {
            return self->refuse({"an oversized frame came before a greeting"});
          }
          self->contain("reading from", [&] { self->read_body(*header); });
        });
  }

  void read_body(const FrameHeader& header) {
    incoming_ = Frame{header.type, std::string(header.meta_bytes, '\0'), {}};
    payload_ = nullptr;
    if (header.payload_bytes > 0) {
      payload_ = pool_->take(header.payload_bytes);
      if (!payload_) {
        return refuse(
            {fmt::format("a payload of {} bytes, with {} bytes of earlier ones not used up yet, is "
                         "more than one peer may have held here; the agent's --peer-memory says how "
                         "much that is",
                         header.payload_bytes, pool_->held())});
      }
    }
    const std::array<asio::mutable_buffer, 2> buffers{
        asio::buffer(incoming_.meta), payload_ ? asio::buffer(*payload_) : asio::mutable_buffer{}};
    stream_->read(buffers, note_life(), [self = shared_from_this()](error_code error, std::size_t read) {
      if (error) return self->lost(error);
      self->bytes_in_ += kFrameHeader + read;
      if (self->payload_) {
        self->incoming_.payload = {Bytes(static_cast<std::int64_t>(self->payload_->size())),
                                   std::move(self->payload_)};
      }
      // A copy: the handler may replace itself.
      self->contain("taking what comes from", [&] {
        if (const auto handler = self->handler_) handler(std::move(self->incoming_));
      });
      if (!self->lost_) self->read_header();
    });
  }

  void beat(Duration period) {
    if (lost_) return;
    beat_.expires_after(std::chrono::nanoseconds(period.count_ns()));
    beat_.async_wait([self = shared_from_this(), period](error_code error) {
      if (error || self->lost_) return;
      // Frames that are still being sent show life enough; a heartbeat behind them would add nothing.
      if (self->queue_.empty()) self->enqueue(to_frame(FrameType::heartbeat));
      self->beat(period);
    });
  }

  void watch(std::chrono::nanoseconds silence) {
    if (lost_) return;
    const auto due = Clock::now() + silence / 4;
    watch_.expires_at(due);
    watch_.async_wait([self = shared_from_this(), silence, due](error_code error) {
      if (error || self->lost_) return;
      const auto now = Clock::now();
      // If this process itself was held up, bytes that came meanwhile have not been read yet.
      if (now - due > silence / 4) self->heard_ = std::max(self->heard_, now - silence / 2);
      if (now - self->heard_ <= silence) return self->watch(silence);
      self->fail({fmt::format("{}: silent for {:.2g} s", self->peer_,
                              std::chrono::duration<double>(now - self->heard_).count()),
                  ExitCode::peer_lost});
    });
  }

  // Tells both sides of the refusal; the connection closes once the peer has been sent it.
  void refuse(const Error& error) {
    enqueue(to_frame(error));
    closing_ = true;
    tell(error.in(peer_));
  }

  Error broken(std::string_view doing, error_code error) const {
    const auto where = doing.empty() ? peer_ : fmt::format("{} {}", doing, peer_);
    if (is_tls_error(error) && error != asio::ssl::error::stream_truncated)
      return {fmt::format("{}: {}", where, error.message()), ExitCode::authentication};
    const bool ended = error == asio::error::eof || error == asio::error::connection_reset ||
                       error == asio::ssl::error::stream_truncated;
    return {
        fmt::format("{}: {}", where, ended ? "the connection was closed by the other side" : error.message()),
        ExitCode::peer_lost};
  }

  void lost(error_code error) { fail(broken("", error)); }

  void fail(Error error) {
    if (!lost_) {
      lost_ = std::move(error);
      beat_.cancel();
      watch_.cancel();
      stream_->close();
    }
    tell(*lost_);
  }

  // The handler is told of the end only once.
  void tell(const Error& error) {
    if (const auto handler = std::exchange(handler_, {})) handler(error);
  }

  std::unique_ptr<ByteStream> stream_;
  asio::steady_timer beat_, watch_;
  std::string peer_ = "an unknown peer";
  std::string local_;
  Handler handler_;
  std::deque<Outgoing> queue_;
  std::int64_t queued_bytes_ = 0;
  std::array<std::byte, kFrameHeader> header_{};
  Frame incoming_;
  std::shared_ptr<BufferPool> pool_ = BufferPool::of(0);
  std::shared_ptr<BufferPool::Buffer> payload_;
  Clock::time_point heard_ = Clock::now();
  std::optional<Error> lost_;
  bool reading_ = false;
  bool known_ = false;
  bool closing_ = false;
  std::atomic<std::uint64_t> bytes_in_ = 0, bytes_out_ = 0;
};

}  // namespace

std::string text_of(const tcp::endpoint& endpoint) {
  return to_string(Endpoint{endpoint.address().to_string(), endpoint.port()});
}

ChannelPointer make_channel(std::unique_ptr<ByteStream> stream) {
  return std::make_shared<TcpChannel>(std::move(stream));
}

}  // namespace millrace
