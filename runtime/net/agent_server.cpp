#include "runtime/net/agent_server.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "runtime/base/caught.hpp"
#include "runtime/base/log.hpp"
#include "runtime/net/agent_session.hpp"
#include "runtime/net/greeting.hpp"
#include "runtime/net/reception.hpp"
#include "runtime/node/guard.hpp"

namespace millrace {

struct AgentServer::Body final : PeerDoor {
  struct Host {
    ChannelPointer channel;
    std::shared_ptr<Inbox> inbox;
    Hello hello;
  };

  Body(AgentConfig with, const PartsFactory& from) : config(std::move(with)), factory(from) {}

  // Called on the loop's thread.
  void greeted(const ChannelPointer& channel, const Frame& first) {
    const auto hello = parse_hello(first);
    if (!hello) return turn_away(channel, hello.error());
    if (hello->sender == "peer") {
      const std::lock_guard lock(peer_mutex);
      if (!greet) return turn_away(channel, Error{"no neighbour is expected here now"});
      return greet(channel, first);
    }
    if (hello->sender != "host") return turn_away(channel, Error{"a host or a neighbour was expected here"});
    if (auto sound = may_be_host(channel->names()); !sound) return turn_away(channel, sound.error());
    const std::lock_guard lock(mutex);
    if (stopping || serving) {
      return turn_away(channel, Error{stopping ? std::string("it is ending") : busy(), ExitCode::timeout});
    }
    serving = true;
    since = std::chrono::steady_clock::now();
    serving_scenario = hello->scenario_sha256.substr(0, 12);
    serving_peer = channel->peer();
    host = Host{channel, Inbox::of(*channel), *hello};
    changed.notify_all();
  }

  // Says which run is being served. REQUIRES serving.
  std::string busy() const {
    const std::chrono::duration<double> served = std::chrono::steady_clock::now() - since;
    return fmt::format("{} from {} for {:.0f} s (scenario {})", kServesAnother, serving_peer, served.count(),
                       serving_scenario);
  }

  // PeerDoor: neighbours connect to the agent's one port too.
  Result<std::uint16_t> open(Greet to) override {
    const std::lock_guard lock(peer_mutex);
    greet = std::move(to);
    return reception->local().port;
  }
  void close() override {
    const std::lock_guard lock(peer_mutex);
    greet = {};
  }

  void serve(Host& guest) {
    log_note("{} begins a run (scenario {})", guest.channel->peer(),
             guest.hello.scenario_sha256.substr(0, 12));
    keep_memory_reserve();
    const auto served = guarded("serving it", [&] {
      AgentSession session(config, factory, loop, guest.channel, guest.inbox, *this);
      return session.answer_and_serve(guest.hello);
    });
    close();
    guest.channel->close();
    if (served) return log_note("the run of {} is over", guest.channel->peer());
    log_warning("the run of {} ended: {}", guest.channel->peer(), served.error().message);
  }

  AgentConfig config;
  const PartsFactory& factory;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Host> host;
  bool serving = false, stopping = false;
  std::string serving_peer, serving_scenario;
  std::chrono::steady_clock::time_point since;
  ChannelPointer current;
  std::mutex peer_mutex;  // held while a neighbour is greeted
  Greet greet;
  IoLoop loop;
  std::unique_ptr<Reception> reception;
};

AgentServer::AgentServer() = default;

AgentServer::~AgentServer() { stop(); }

Result<std::unique_ptr<AgentServer>> AgentServer::listen(AgentConfig config, const Endpoint& where,
                                                         const PartsFactory& factory) {
  std::unique_ptr<AgentServer> made(new AgentServer());
  made->body_ = std::make_unique<Body>(std::move(config), factory);
  auto& body = *made->body_;
  auto reception = Reception::open(
      body.loop, where, body.config.keys,
      [&body](const ChannelPointer& channel, const Frame& first) { body.greeted(channel, first); });
  if (!reception) return reception.error();
  body.reception = std::move(*reception);
  return made;
}

Endpoint AgentServer::local() const { return body_->reception->local(); }

IoLoop& AgentServer::loop() { return body_->loop; }

void AgentServer::run() {
  auto& body = *body_;
  for (;;) {
    std::unique_lock lock(body.mutex);
    body.changed.wait(lock, [&] { return body.stopping || body.host; });
    if (body.stopping) return;
    auto guest = *std::exchange(body.host, std::nullopt);
    body.current = guest.channel;
    lock.unlock();
    body.serve(guest);
    lock.lock();
    body.current.reset();
    body.serving = false;
  }
}

void AgentServer::stop() {
  const std::lock_guard lock(body_->mutex);
  if (std::exchange(body_->stopping, true)) return;
  if (body_->current) body_->current->send(to_frame(Error{"the agent was told to end", ExitCode::peer_lost}));
  if (body_->current) body_->current->close();
  body_->changed.notify_all();
}

}  // namespace millrace
