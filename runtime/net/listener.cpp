// Incoming connections, and what strangers may do before they are known.
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>

#include "runtime/base/log.hpp"
#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

// The most waiting connections accepted before other handlers run again.
constexpr int kAtATime = 256;
// The pause after a connection could not be accepted.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
// Strangers that fail are logged, but not more often than this.
constexpr auto kLogPause = std::chrono::seconds(1);
// The time for a refused stranger to read the reason, and the most strangers that get this time at once.
constexpr auto kLeave = std::chrono::seconds(1);
constexpr std::size_t kMaxLeaving = 64;

using Clock = std::chrono::steady_clock;

// For a stranger that does not use TLS and so could not read an alert.
std::string refusal_in_clear() {
  const auto frame = to_frame(Error{
      "it was started with keys and speaks TLS only; give --keys DIR here too (`millrace keys` makes them)",
      ExitCode::authentication});
  const auto header = encode_header({frame.type, static_cast<std::uint32_t>(frame.meta.size()), 0});
  return std::string(reinterpret_cast<const char*>(header.data()), header.size()) + frame.meta;
}

class TcpListener final : public Listener {
 public:
  TcpListener(tcp::acceptor acceptor, SecurityPointer keys)
      : state_(std::make_shared<State>(std::move(acceptor), std::move(keys))) {}
  ~TcpListener() override {
    asio::post(state_->acceptor.get_executor(), [state = state_] {
      error_code ignored;
      state->acceptor.close(ignored);
      state->pause.cancel();
      for (const auto& stranger : state->strangers) stranger->end();
      state->strangers.clear();
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
  // A peer that has connected and not proved its identity yet.
  struct Stranger {
    Stranger(tcp::socket socket, const SecurityPointer& keys)
        : source(source_of(socket)),
          stream(std::make_unique<ByteStream>(std::move(socket), keys)),
          limit(stream->socket.get_executor()) {}
    void end() {
      limit.cancel();
      if (stream) stream->close();
    }
    HandshakeGate::Source source;
    std::unique_ptr<ByteStream> stream;
    asio::steady_timer limit;
  };
  struct State {
    State(tcp::acceptor open, SecurityPointer own)
        : acceptor(std::move(open)), pause(acceptor.get_executor()), keys(std::move(own)) {
      error_code ignored;
      acceptor.non_blocking(true, ignored);
    }
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    SecurityPointer keys;
    std::function<void(ChannelPointer)> handler;
    HandshakeGate gate;
    std::list<std::shared_ptr<Stranger>> strangers;  // oldest first
    std::size_t leaving = 0;
    Clock::time_point logged;
    std::uint64_t unlogged = 0;
  };

  static void next(const std::shared_ptr<State>& state) {
    state->acceptor.async_accept([state](error_code error, tcp::socket socket) {
      if (!state->acceptor.is_open()) return;
      if (!error) {
        enter(state, std::move(socket));
        enter_those_who_wait(state);
        return next(state);
      }
      // Too many open files, say: it may pass.
      state->pause.expires_after(kAcceptPause);
      state->pause.async_wait([state](error_code stopped) {
        if (!stopped && state->acceptor.is_open()) next(state);
      });
    });
  }

  // Refusing many must not wait for the handshakes of a few: all queued connections are accepted at once.
  static void enter_those_who_wait(const std::shared_ptr<State>& state) {
    error_code error;
    for (int i = 0; i < kAtATime && state->acceptor.is_open(); ++i) {
      tcp::socket socket(state->acceptor.get_executor());
      state->acceptor.accept(socket, error);  // which does not block
      if (error) return;
      enter(state, std::move(socket));
    }
  }

  static void enter(const std::shared_ptr<State>& state, tcp::socket socket) {
    if (!state->keys)
      return state->handler(make_channel(std::make_unique<ByteStream>(std::move(socket), nullptr)));
    if (!state->gate.admit(source_of(socket), Clock::now())) return turn_away_unheard(*state, socket);
    if (state->strangers.size() >= kMaxHandshakes) make_room(*state);
    const auto stranger = std::make_shared<Stranger>(std::move(socket), state->keys);
    state->strangers.push_back(stranger);
    stranger->limit.expires_after(std::chrono::nanoseconds(kHandshake.count_ns()));
    stranger->limit.async_wait([stranger](error_code stopped) {
      if (!stopped && stranger->stream) stranger->stream->close();
    });
    stranger->stream->tls->async_handshake(
        asio::ssl::stream_base::server, [state, stranger](error_code error) {
          state->strangers.remove(stranger);
          stranger->limit.cancel();
          if (!state->acceptor.is_open()) return;
          if (error) return turn_away(state, stranger, error);
          state->gate.succeeded(stranger->source, Clock::now());
          stranger->stream->names = names_of_peer(*stranger->stream->tls);
          const auto channel = make_channel(std::move(stranger->stream));
          channel->send(to_frame(FrameType::heartbeat));  // the client waits for it, see connect.cpp
          state->handler(channel);
        });
  }

  // Ends the oldest stranger of the source with the most strangers: a flood from one place only displaces
  // itself.
  static void make_room(State& state) {
    std::map<HandshakeGate::Source, std::size_t> counts;
    for (const auto& stranger : state.strangers) ++counts[stranger->source];
    const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    const auto oldest = std::ranges::find_if(
        state.strangers, [&](const auto& stranger) { return stranger->source == most->first; });
    (*oldest)->end();
    state.strangers.erase(oldest);
  }

  // The alert with the reason is being sent; closing the socket with unread bytes would discard it.
  static void turn_away(const std::shared_ptr<State>& state, const std::shared_ptr<Stranger>& stranger,
                        error_code error) {
    log(*state, stranger->stream->socket,
        met_no_tls(error) ? "it speaks no TLS: it was started without --keys" : error.message());
    if (state->leaving >= kMaxLeaving) return stranger->stream->close();
    ++state->leaving;
    error_code ignored;
    if (met_no_tls(error))
      (void)stranger->stream->socket.write_some(asio::buffer(refusal_in_clear()), ignored);
    stranger->stream->socket.shutdown(tcp::socket::shutdown_send, ignored);
    stranger->limit.expires_after(kLeave);
    stranger->limit.async_wait([state, stranger](error_code) {
      --state->leaving;
      stranger->stream->close();
    });
    drain(stranger, std::make_shared<std::array<char, 1024>>());
  }

  // Before any cryptography: sends an alert of seven bytes in plain text, which asks the client to try
  // again.
  static void turn_away_unheard(State& state, tcp::socket& socket) {
    log(state, socket, "too many handshakes come from there");
    error_code ignored;
    socket.non_blocking(true, ignored);
    (void)socket.send(asio::buffer(kBusyAlert), 0, ignored);
    socket.close(ignored);
  }

  static void log(State& state, const tcp::socket& socket, const std::string& why) {
    ++state.unlogged;
    const auto now = Clock::now();
    if (now - state.logged <= kLogPause) return;
    error_code ignored;
    const auto peer = socket.remote_endpoint(ignored);
    log_warning("{} was not let in: {}{}", ignored ? "a stranger" : text_of(peer), why,
                state.unlogged == 1 ? "" : fmt::format(" (and {} others before it)", state.unlogged - 1));
    state.logged = now;
    state.unlogged = 0;
  }

  static void drain(const std::shared_ptr<Stranger>& stranger,
                    const std::shared_ptr<std::array<char, 1024>>& rubbish) {
    stranger->stream->socket.async_read_some(asio::buffer(*rubbish),
                                             [stranger, rubbish](error_code error, std::size_t) {
                                               if (error) return void(stranger->limit.cancel());
                                               drain(stranger, rubbish);
                                             });
  }

  std::shared_ptr<State> state_;
};

}  // namespace

// A host of IPv6 has 2^64 addresses, so its network counts as the source.
HandshakeGate::Source source_of(const tcp::socket& socket) {
  error_code gone;
  const auto address = socket.remote_endpoint(gone).address();
  if (gone) return {};
  if (address.is_v4()) return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
  auto bytes = address.to_v6().to_bytes();
  if (!address.to_v6().is_v4_mapped()) std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return bytes;
}

Result<tcp::acceptor> open_acceptor(IoLoop& loop, const Endpoint& endpoint, const SecurityPointer& keys) {
  const auto found = resolve(loop, endpoint, keys, "listening on");
  if (!found) return found.error();
  const auto where = found->front();
  error_code error;
  tcp::acceptor acceptor(loop.impl().context);
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{fmt::format("listening on {}: {}", text_of(where), error.message())};
  return acceptor;
}

Result<std::unique_ptr<Listener>> listen_on(IoLoop& loop, const Endpoint& endpoint,
                                            const SecurityPointer& keys) {
  auto acceptor = open_acceptor(loop, endpoint, keys);
  if (!acceptor) return acceptor.error();
  return std::unique_ptr<Listener>(std::make_unique<TcpListener>(std::move(*acceptor), keys));
}

}  // namespace millrace
