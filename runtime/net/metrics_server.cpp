#include "runtime/net/metrics_server.hpp"

#include <fmt/format.h>

#include <list>

#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

// From connecting to the last byte of the answer.
constexpr auto kPatience = std::chrono::seconds(10);
// After a connection could not be accepted: too many open files, say.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::string answer(std::string_view status, std::string_view type, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                     status, type, body.size(), body);
}

}  // namespace

struct MetricsServer::State : std::enable_shared_from_this<State> {
  struct Visit {
    Visit(tcp::socket socket, const SecurityPointer& keys)
        : stream(std::move(socket), keys), limit(stream.socket.get_executor()) {}
    ByteStream stream;
    asio::steady_timer limit;
    std::string request, reply;
  };

  State(tcp::acceptor open, SecurityPointer own, std::function<std::string()> text)
      : acceptor(std::move(open)),
        pause(acceptor.get_executor()),
        keys(std::move(own)),
        page(std::move(text)) {}

  void next() {
    acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (!error) {
        self->enter(std::move(socket));
        return self->next();
      }
      self->pause.expires_after(kAcceptPause);
      self->pause.async_wait([self](error_code stopped) {
        if (!stopped && self->acceptor.is_open()) self->next();
      });
    });
  }

  void enter(tcp::socket socket) {
    const auto source = source_of(socket);
    if (keys && !gate.admit(source, std::chrono::steady_clock::now())) {
      error_code ignored;
      socket.close(ignored);
      return;
    }
    if (visits.size() >= kMaxConnections) {
      visits.front()->stream.close();
      visits.pop_front();
    }
    const auto visit = std::make_shared<Visit>(std::move(socket), keys);
    visits.push_back(visit);
    visit->limit.expires_after(kPatience);
    visit->limit.async_wait([visit](error_code) { visit->stream.close(); });
    if (!visit->stream.tls) return read(visit);
    visit->stream.tls->async_handshake(asio::ssl::stream_base::server,
                                       [self = shared_from_this(), visit, source](error_code error) {
                                         if (error) return self->leave(visit);
                                         self->gate.succeeded(source, std::chrono::steady_clock::now());
                                         visit->stream.names = names_of_peer(*visit->stream.tls);
                                         self->read(visit);
                                       });
  }

  void read(const std::shared_ptr<Visit>& visit) {
    const auto handler = [self = shared_from_this(), visit](error_code error, std::size_t) {
      if (error) return self->leave(visit);
      self->reply(visit);
    };
    const auto buffer = asio::dynamic_buffer(visit->request, kMaxRequest);
    if (visit->stream.tls) return asio::async_read_until(*visit->stream.tls, buffer, "\r\n\r\n", handler);
    asio::async_read_until(visit->stream.socket, buffer, "\r\n\r\n", handler);
  }

  void reply(const std::shared_ptr<Visit>& visit) {
    const bool get = visit->request.starts_with("GET ");
    const bool known = visit->request.starts_with("GET /metrics ");
    if (const auto allowed = may_read_figures(visit->stream.names); !allowed) {
      visit->reply = answer("403 Forbidden", "text/plain", allowed.error().message + "\n");
    } else if (known) {
      visit->reply = answer("200 OK", "text/plain; version=0.0.4", page());
    } else {
      visit->reply = get ? answer("404 Not Found", "text/plain", "the figures are at /metrics\n")
                         : answer("405 Method Not Allowed", "text/plain", "only GET\n");
    }
    visit->stream.write(asio::buffer(visit->reply),
                        [self = shared_from_this(), visit](error_code, std::size_t) { self->leave(visit); });
  }

  void leave(const std::shared_ptr<Visit>& visit) {
    visits.remove(visit);
    visit->limit.cancel();  // and its handler closes
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  SecurityPointer keys;
  std::function<std::string()> page;
  HandshakeGate gate;
  std::list<std::shared_ptr<Visit>> visits;  // oldest first
};

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(IoLoop& loop, const Endpoint& where,
                                                           const SecurityPointer& keys,
                                                           std::function<std::string()> page) {
  auto acceptor = open_acceptor(loop, where, keys);
  if (!acceptor) return acceptor.error();
  std::unique_ptr<MetricsServer> made(new MetricsServer());
  made->state_ = std::make_shared<State>(std::move(*acceptor), keys, std::move(page));
  made->state_->next();
  return made;
}

MetricsServer::~MetricsServer() {
  asio::post(state_->acceptor.get_executor(), [state = state_] {
    error_code ignored;
    state->acceptor.close(ignored);
    state->pause.cancel();
    for (const auto& visit : state->visits) visit->stream.close();
  });
}

Endpoint MetricsServer::local() const {
  error_code ignored;
  const auto endpoint = state_->acceptor.local_endpoint(ignored);
  return {endpoint.address().to_string(), endpoint.port()};
}

}  // namespace millrace
