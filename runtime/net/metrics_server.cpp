#include "runtime/net/metrics_server.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <list>

#include "runtime/net/tcp_channel.hpp"

namespace millrace {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// The time from connecting to the last byte of the answer.
constexpr auto kPatience = std::chrono::seconds(10);
// The pause after a connection could not be accepted, for instance because of too many open files.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using Request = http::request_parser<http::empty_body>;
using Reply = http::response<http::string_body>;

Reply reply_of(http::status status, std::string_view type, std::string body) {
  Reply reply(status, 11);
  reply.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  reply.keep_alive(false);
  reply.body() = std::move(body);
  reply.prepare_payload();
  return reply;
}

}  // namespace

struct MetricsServer::State : std::enable_shared_from_this<State> {
  struct Visit {
    Visit(tcp::socket socket, const SecurityPointer& keys)
        : stream(std::move(socket), keys), limit(stream.socket.get_executor()) {
      request.header_limit(kMaxRequest);
    }
    ByteStream stream;
    asio::steady_timer limit;
    beast::flat_buffer received{kMaxRequest};
    Request request;
    Reply reply;
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
    if (visit->stream.tls)
      return http::async_read_header(*visit->stream.tls, visit->received, visit->request, handler);
    http::async_read_header(visit->stream.socket, visit->received, visit->request, handler);
  }

  void reply(const std::shared_ptr<Visit>& visit) {
    visit->reply = reply_to(visit->request.get(), visit->stream.names);
    const auto handler = [self = shared_from_this(), visit](error_code, std::size_t) { self->leave(visit); };
    if (visit->stream.tls) return http::async_write(*visit->stream.tls, visit->reply, handler);
    http::async_write(visit->stream.socket, visit->reply, handler);
  }

  Reply reply_to(const Request::value_type& request, const std::optional<PeerNames>& names) const {
    if (const auto allowed = may_read_figures(names); !allowed)
      return reply_of(http::status::forbidden, "text/plain", allowed.error().message + "\n");
    if (request.method() != http::verb::get)
      return reply_of(http::status::method_not_allowed, "text/plain", "only GET\n");
    if (request.target() != "/metrics")
      return reply_of(http::status::not_found, "text/plain", "the figures are at /metrics\n");
    return reply_of(http::status::ok, "text/plain; version=0.0.4", page());
  }

  void leave(const std::shared_ptr<Visit>& visit) {
    visits.remove(visit);
    visit->limit.cancel();  // its handler closes the stream
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
