// Asio's TLS, for .cpp files of this folder only.
#pragma once

#include <boost/asio/ssl.hpp>
#include <optional>

#include "runtime/net/asio.hpp"
#include "runtime/net/security.hpp"

namespace millrace {

struct Security::Impl {
  asio::ssl::context context{asio::ssl::context::tls};
};

using TlsStream = asio::ssl::stream<tcp::socket&>;

// The names in the peer's certificate.
PeerNames names_of_peer(TlsStream& stream);

// A socket, encrypted or not. Not movable: the TLS part refers to the socket.
struct ByteStream {
  ByteStream(tcp::socket from, const SecurityPointer& keys) : socket(std::move(from)), security(keys) {
    if (security) tls.emplace(socket, security->impl().context);
  }
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // `heard` is called whenever some bytes have arrived, even if not all.
  template <class Buffers, class Heard, class Handler>
  void read(const Buffers& buffers, Heard heard, Handler handler) {
    const auto progress = [heard](error_code error, std::size_t) -> std::size_t {
      heard();
      constexpr std::size_t kAtOnce = 1 << 20;
      return error ? 0 : kAtOnce;
    };
    if (tls) return asio::async_read(*tls, buffers, progress, std::move(handler));
    asio::async_read(socket, buffers, progress, std::move(handler));
  }
  template <class Buffers, class Handler>
  void write(const Buffers& buffers, Handler handler) {
    if (tls) return asio::async_write(*tls, buffers, std::move(handler));
    asio::async_write(socket, buffers, std::move(handler));
  }
  void close() {
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
  }

  tcp::socket socket;
  SecurityPointer security;
  std::optional<TlsStream> tls;
  std::optional<PeerNames> names;  // once the handshake is over
};

// An error of OpenSSL is about keys; every other error is about the connection.
bool is_tls_error(error_code error);
// Whether a handshake failed because the other side does not use TLS.
bool met_no_tls(error_code error);

}  // namespace millrace
