// The host's side of the agents: greets those that connect, or connects to those that listen, hands out
// scenario, plan and files, attaches their nodes to the coordinator (virtual time), or starts them and
// collects their reports (deploy).
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "runtime/net/inbox.hpp"
#include "sim/bridge/lobby.hpp"
#include "sim/bridge/mailbox.hpp"
#include "sim/bridge/report_check.hpp"
#include "sim/coordinator/attachment.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/coordinator/wall_nodes.hpp"

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
    bool local = false;              // this host has started the agents itself
    std::vector<InputFile> files{};  // agents that lack one get it from here; empty: they look for themselves
    std::string keys{};              // folder of this host's keys; empty: loopback only
    // What an agent, by the names of its devices, writes into its log, and its figures at the end.
    std::function<void(const std::string&, const LogLine&)> on_log = [](const auto&, const auto&) {};
    std::function<void(const std::string&, const Farewell&)> on_farewell = [](const auto&, const auto&) {};
    // Deploy: called when everything is connected, the moment before the agents are told to start.
    std::function<Result<void>()> at_start{};
  };
  // Asked several times a second while anything is waited for, from gather() on: says why waiting makes no
  // sense any more (Ctrl-C, a local agent that died), or nothing.
  using Watch = std::function<Result<void>()>;

  // Agents come to `where`.
  static Result<std::unique_ptr<Bridge>> listen(Setup setup, const Endpoint& where);
  // That these are a host's keys: asked before a run begins. Empty: none.
  static Result<void> check_keys(const std::string& folder);
  // Agents listen at the addresses of the scenario's devices, which all have one.
  static Result<std::unique_ptr<Bridge>> connecting(Setup setup);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // REQUIRES listen().
  Endpoint local() const;
  // Waits until every device of the plan has an agent, at most run.timeout, and every agent has built its
  // nodes. Strangers and misfits are refused with a sentence, and do not end the wait; losing an agent that
  // had come does.
  Result<void> gather(const Watch& watch);
  // REQUIRES gather() succeeded. The bridge outlives the attachments.
  std::vector<std::unique_ptr<Attachment>> attachments();
  // Deploy: connects the nodes to each other, starts them, feeds the observer until the sink has everything;
  // returns that instant, on the sink's clock. Reports still under way then are taken for a moment longer.
  // Every agent has then said farewell; one that is lost before is an error. REQUIRES gather() succeeded.
  Result<Time> run(RunObserver& observer);
  // Emulate: all nodes, on the wall clock. REQUIRES gather() succeeded. The bridge outlives them.
  std::unique_ptr<WallNodes> wall_nodes();
  // Tells every agent that the run is over.
  // `failure`: why the run failed, if it did, which agents then say too.
  void stop(const std::optional<Error>& failure = {});

 private:
  class Seat;
  class WallSeats;
  struct Agent {
    ChannelPointer channel;
    std::string who;
    std::string devices;
    std::vector<NodeId> nodes;
    std::uint64_t pieces = 0;  // of files, that it has asked for
  };
  using Clock = std::chrono::steady_clock;
  // Devices of one agent, and where it listens.
  struct Address {
    Endpoint where;
    std::vector<std::string> devices;
    std::string who() const;
  };

  // One that has answered the greeting.
  struct Reached {
    ChannelPointer channel;
    std::shared_ptr<Inbox> inbox;  // what it has said since
  };

  explicit Bridge(Setup setup);
  Result<void> load_keys();
  Result<void> await_agents();
  Result<void> check_devices(const Hello& hello) const;
  Result<void> admit(const Lobby::Greeted& greeted);
  Result<void> connect_agents();
  Result<std::vector<Address>> addresses() const;
  Result<void> connect_agent(const Address& address, Clock::time_point give_up);
  Result<std::optional<Reached>> try_agent(const Address& address, Clock::time_point give_up,
                                           Approach& approach, std::string& why);
  Result<void> greeted_by(const ChannelPointer& channel, const Frame& frame, const Address& address) const;
  Hello hello(std::vector<std::string> devices) const;
  void add_agent(const ChannelPointer& channel, std::size_t number, const std::string& who,
                 const std::vector<std::string>& devices);
  std::vector<std::string> missing_devices() const;
  Result<void> assign();
  Result<std::optional<Mailbox::Letter>> hear(Duration patience);
  Result<Mailbox::Letter> next_letter(std::optional<Clock::time_point> give_up = {});
  void keep_log_lines(std::size_t most);
  void tell_of_dropped_log_lines();
  void begin_clock();
  Time latest() const;
  Result<void> serve_file(const Mailbox::Letter& letter);
  Error refusal_of(const Mailbox::Letter& letter);
  Result<void> await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready);
  Result<void> connect_peers();
  Result<Frame> answer_of(NodeId node);
  Result<std::size_t> agent_at(NodeId node) const;
  bool speaks_for(std::size_t agent, NodeId node) const;
  Result<Report> sound_report(const Mailbox::Letter& letter);
  Result<bool> take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last,
                           std::map<NodeId, Time>* heard);
  std::vector<std::string> idle_since(const std::map<NodeId, Time>& heard) const;
  Result<void> stream(RunObserver& observer, Time& last);
  Result<void> drain(RunObserver& observer);
  Result<void> farewells(RunObserver& observer);
  Duration patience() const;

  Setup setup_;
  SecurityPointer keys_;
  Watch watch_;
  Clock::time_point watched_;  // when it was last asked
  ReportCheck check_;
  Clock::time_point started_;  // when the agents were told to start
  Mailbox mailbox_;            // before the loop: handlers on the loop's thread use it
  std::shared_ptr<Lobby> lobby_;
  IoLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<Agent> agents_;
  std::map<std::string, std::size_t> agent_of_device_;
  std::map<NodeId, std::deque<Frame>> answers_;
  std::map<NodeId, Endpoint> endpoints_;
  std::string run_id_;
  bool told_to_stop_ = false;
};

}  // namespace millrace
