#include "runtime/net/agent.hpp"

#include <fmt/format.h>

#include <thread>

#include "runtime/net/agent_session.hpp"
#include "runtime/net/reception.hpp"

namespace millrace {

namespace {

// A listener for neighbours, at the address of this device that its connection to the host uses.
class OwnDoor final : public PeerDoor {
 public:
  // All arguments must outlive the door.
  OwnDoor(IoLoop& loop, const FrameChannel& host, const SecurityPointer& keys)
      : loop_(loop), host_(host), keys_(keys) {}
  Result<std::uint16_t> open(Greet greet) override {
    auto reception = Reception::open(loop_, {host_.local_address(), 0}, keys_, std::move(greet));
    if (!reception) return reception.error();
    reception_ = std::move(*reception);
    return reception_->local().port;
  }
  void close() override { reception_.reset(); }

 private:
  IoLoop& loop_;
  const FrameChannel& host_;
  const SecurityPointer& keys_;
  std::unique_ptr<Reception> reception_;
};

// Retries until the time-out, as agents are often started before their host.
Result<ChannelPointer> connect_to_host(IoLoop& loop, const AgentConfig& config) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::nanoseconds(config.timeout.count_ns());
  Approach approach;
  for (;;) {
    auto channel = connect_channel(loop, config.host, config.timeout, config.keys, approach);
    if (channel || channel.error().code == ExitCode::authentication ||
        channel.error().code == ExitCode::peer_lost)
      return channel;
    if (std::chrono::steady_clock::now() >= give_up) {
      return Error{fmt::format("no host in {:.1f} s ({}); start it with: millrace run FILE --agents {}",
                               config.timeout.seconds(), channel.error().message, to_string(config.host)),
                   ExitCode::timeout};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory) {
  IoLoop loop;
  auto host = connect_to_host(loop, config);
  if (!host) return host.error();
  OwnDoor door(loop, **host, config.keys);
  AgentSession session(config, factory, loop, *host, Inbox::of(**host), door);
  return session.greet_and_serve();
}

}  // namespace millrace
