// The host's side of the agents: greets those that connect, hands out scenario and plan, attaches their nodes
// to the coordinator (virtual time), or starts them and collects their reports (deploy).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "sim/bridge/mailbox.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/observer.hpp"

namespace millrace {

class Bridge {
 public:
  struct Setup {
    const Scenario& scenario;  // outlives the bridge, like the plan
    const Plan& plan;
    std::string scenario_text;  // resolved YAML
    std::string scenario_sha256;
    Mode mode = Mode::cosim;
    std::string release;
    bool local = false;  // this host has started the agents itself
    // Deploy: called when everything is connected, the moment before the agents are told to start.
    std::function<Result<void>()> at_start{};
  };
  // Asked several times a second while anything is waited for, from gather() on: says why waiting makes no
  // sense any more (Ctrl-C, a local agent that died), or nothing.
  using Watch = std::function<Result<void>()>;

  static Result<std::unique_ptr<Bridge>> listen(Setup setup, const Endpoint& where);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  Endpoint local() const { return listener_->local(); }
  // Waits until every device of the plan has an agent, at most run.timeout, and every agent has built its
  // nodes. Strangers and misfits are refused with a sentence, and do not end the wait; losing an agent that
  // had come does.
  Result<void> gather(const Watch& watch);
  // REQUIRES gather() succeeded. The bridge outlives the attachments.
  std::vector<std::unique_ptr<Attachment>> attachments();
  // Deploy: connects the nodes to each other, starts them, feeds the observer until the sink has everything;
  // returns that instant, on the sink's clock. Reports still under way then are taken for a moment longer.
  // REQUIRES gather() succeeded.
  Result<Time> run(RunObserver& observer);
  // Tells every agent that the run is over.
  void stop();

 private:
  class Seat;
  struct Agent {
    ChannelPointer channel;
    std::string who;
    std::vector<NodeId> nodes;
  };
  struct Candidate;
  struct Lobby;

  struct Greeted {
    ChannelPointer channel;
    std::shared_ptr<Candidate> candidate;
    Frame hello;
  };

  explicit Bridge(Setup setup);
  static void enter(const std::shared_ptr<Lobby>& lobby, Mailbox& mailbox, const ChannelPointer& channel);
  void close_lobby();
  std::optional<Greeted> next_greeted();
  Result<void> check_devices(const Hello& hello) const;
  Result<void> admit(const Greeted& greeted);
  std::vector<std::string> missing_devices() const;
  Result<void> assign();
  Result<Mailbox::Letter> next_letter();
  Result<void> await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready);
  Result<void> connect_peers();
  Result<Frame> answer_of(NodeId node);
  Result<std::size_t> agent_at(NodeId node) const;
  bool speaks_for(std::size_t agent, NodeId node) const;
  Result<bool> take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last);
  void drain(RunObserver& observer);

  Setup setup_;
  Watch watch_;
  Mailbox mailbox_;  // before the loop: handlers on the loop's thread use it
  std::shared_ptr<Lobby> lobby_;
  IoLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<Agent> agents_;
  std::map<std::string, std::size_t> agent_of_device_;
  std::map<NodeId, std::deque<Frame>> answers_;
  std::map<NodeId, Endpoint> endpoints_;
};

}  // namespace millrace
