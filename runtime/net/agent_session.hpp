// One run of an agent, once it is connected to its host. Private to this folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/net/agent_config.hpp"
#include "runtime/net/file_cache.hpp"
#include "runtime/net/inbox.hpp"

namespace millrace {

class TcpDriver;

// The port at which neighbours of a run connect to this agent.
class PeerDoor {
 public:
  using Greet = std::function<void(const ChannelPointer&, const Frame&)>;
  virtual ~PeerDoor() = default;
  // Passes connections from now on to `greet`, on the loop's thread. Returns the port.
  virtual Result<std::uint16_t> open(Greet greet) = 0;
  // `greet` is not called any more once this returns.
  virtual void close() = 0;
};

class AgentSession {
 public:
  // All arguments must outlive the session.
  AgentSession(const AgentConfig& config, const PartsFactory& factory, IoLoop& loop, ChannelPointer host,
               std::shared_ptr<Inbox> inbox, PeerDoor& door);

  // For an agent that has connected to its host: it greets first.
  Result<void> greet_and_serve();
  // For a host that has connected and greeted with `hello`.
  Result<void> answer_and_serve(const Hello& hello);

 private:
  struct Assigned {
    Scenario scenario;
    Assign assign;
  };
  Result<void> accept_host(const Hello& hello);
  Result<void> leave(Result<void> served);
  Error told_of_failure(const Frame& refusal);
  Result<void> serve();
  Result<void> work();
  Result<Assigned> take_assignment();
  Result<void> localize(Assigned& assigned);
  Result<std::string> fetch(const InputFile& file);
  Result<std::map<NodeId, VirtualNode::Parts>> build(const Assigned& assigned);
  template <class Driver>
  Result<void> hear_out(Driver& driver);
  Result<void> lockstep(std::map<NodeId, VirtualNode::Parts> parts);
  Result<void> paced(std::map<NodeId, VirtualNode::Parts> parts);
  Result<void> deploy(const Assigned& assigned, std::map<NodeId, VirtualNode::Parts> parts);
  Result<void> drive(TcpDriver& driver, std::uint16_t port);

  const AgentConfig& config_;
  const PartsFactory& factory_;
  IoLoop& loop_;
  ChannelPointer host_;
  std::shared_ptr<Inbox> inbox_;
  PeerDoor& door_;
  FileCache cache_;
  Hello hello_;                   // the host's
  bool told_of_failure_ = false;  // by the host, which then need not be told
};

}  // namespace millrace
