// How a run gets its agents: greets those that connect, or connects to those that listen, admits those that
// fit, hands out scenario, plan and files, and waits until every agent has built its nodes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "runtime/net/inbox.hpp"
#include "sim/bridge/bridge_setup.hpp"
#include "sim/bridge/crew.hpp"
#include "sim/bridge/lobby.hpp"

namespace millrace {

class Gathering {
 public:
  // Both outlive this. REQUIRES Crew::stop() before this is destroyed: channels live on its loop.
  Gathering(const BridgeSetup& setup, Crew& crew);
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // An error where the folder does not hold a host's keys.
  Result<void> load_keys();
  // Agents connect to `where` from now on.
  Result<void> listen(const Endpoint& where);
  Endpoint local() const { return listener_ ? listener_->local() : Endpoint{}; }
  // Waits until every device of the plan has an agent, at most run.timeout, and every agent has built its
  // nodes. Without listen() the host connects to the addresses of the devices.
  Result<void> gather();
  // Where other agents reach each node's agent. REQUIRES gather() succeeded.
  const std::map<NodeId, Endpoint>& endpoints() const { return endpoints_; }

 private:
  // The devices of one agent, and where the agent listens.
  struct Address {
    Endpoint where;
    std::vector<std::string> devices;
    std::string who() const;
  };
  // An agent that has answered the greeting.
  struct Reached {
    ChannelPointer channel;
    std::shared_ptr<Inbox> inbox;  // frames that it has sent since
  };

  Hello hello(std::vector<std::string> devices) const;
  Result<void> await_agents();
  Result<void> admit(const Lobby::Greeted& greeted);
  Result<void> check_devices(const Hello& hello) const;
  Result<std::vector<Address>> addresses() const;
  Result<void> connect_agents();
  Result<void> connect_agent(const Address& address, Crew::Clock::time_point give_up);
  Result<std::optional<Reached>> try_agent(const Address& address, Crew::Clock::time_point give_up,
                                           Approach& approach, std::string& why);
  Result<void> greeted_by(const ChannelPointer& channel, const Frame& frame, const Address& address) const;
  Result<void> assign();
  Result<void> serve_file(const Mailbox::Letter& letter);

  const BridgeSetup& setup_;
  Crew& crew_;
  SecurityPointer keys_;
  std::string run_id_;
  std::shared_ptr<Lobby> lobby_;
  IoLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::map<NodeId, Endpoint> endpoints_;
  std::map<std::size_t, std::uint64_t> pieces_;  // by agent: requests for pieces of files
};

}  // namespace millrace
