// The agents of one run once they are there, as its host knows them: which nodes each has, what it says, and
// whether that can be. Everything that waits for an agent waits here, so that the loss of any is noticed at
// once. Gathering fills it; seats and the deployment talk through it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/frame_channel.hpp"
#include "sim/bridge/bridge_setup.hpp"
#include "sim/bridge/mailbox.hpp"
#include "sim/bridge/report_check.hpp"

namespace millrace {

class Crew {
 public:
  using Clock = std::chrono::steady_clock;
  // Asked several times a second while anything is waited for: says why waiting makes no sense any more
  // (Ctrl-C, a local agent that died), or nothing.
  using Watch = std::function<Result<void>()>;

  struct Agent {
    ChannelPointer channel;
    std::string who;      // "agent of board-a (10.0.0.7:7000)", for sentences
    std::string devices;  // "board-a+board-b", for file names
    std::vector<NodeId> nodes{};
  };

  // The setup outlives the crew.
  explicit Crew(const BridgeSetup& setup);

  // --- who is there

  // The agent of these devices; its number is that of Mailbox::add().
  void add(const ChannelPointer& channel, std::size_t number, const std::string& who,
           const std::vector<std::string>& devices);
  // Gives every agent the nodes of its devices; an error where a device has no agent.
  Result<void> assign_nodes();
  const std::vector<Agent>& agents() const { return agents_; }
  bool has(const std::string& device) const { return agent_of_device_.contains(device); }
  // Devices of the plan that have no agent yet.
  std::vector<std::string> missing_devices() const;
  // An error where the node's device has no agent.
  Result<std::size_t> agent_at(NodeId node) const;
  // REQUIRES nobody is missing.
  const Agent& agent_of(NodeId node) const { return agents_[agent_at(node).value()]; }
  bool speaks_for(std::size_t agent, NodeId node) const;
  void tell_all(const std::function<Frame()>& word) const;

  // --- what they say

  void watch(Watch watch) { watch_ = std::move(watch); }
  Result<void> look() const { return watch_(); }
  Mailbox& mailbox() { return mailbox_; }
  // What every loop hears by: what any agent says next that is the run's, within `patience`. Lines of logs
  // may come at any time and change nothing; an agent that goes away ends the run.
  Result<std::optional<Mailbox::Letter>> hear(Duration patience);
  // The same, watching; with a limit: a time-out once it has passed.
  Result<Mailbox::Letter> next_letter(std::optional<Clock::time_point> give_up = {});
  // Hands every letter to `take`, which says whether its agent is done with it, until all are. Those that are
  // not after run.timeout, counted from the last letter of any (`renewed`) or from now, are named by `late`.
  Result<void> await_all(const std::function<Result<bool>(const Mailbox::Letter&)>& take, bool renewed,
                         const std::function<std::string(const std::string& silent)>& late);

  // Until every agent has said once that it is ready; `on_ready` hears of each. `serve` is given what agents
  // want meanwhile; empty: they may want nothing.
  Result<void> await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready,
                           const std::function<Result<void>(const Mailbox::Letter&)>& serve = {});

  // --- what is believed of it

  ReportCheck& check() { return check_; }
  // A report that may be believed.
  Result<Report> sound_report(const Mailbox::Letter& letter);
  // The agents are about to be told to start: their clocks begin.
  void begin_clock();
  // No honest clock is beyond this: 1 % is far more than clocks differ in their rate.
  Time latest() const;

  // --- the end

  // Tells every agent that the run is over, and closes. `failure`: why the run failed, if it did, which
  // agents then say too.
  void stop(const std::optional<Error>& failure);
  // Those that ended their part have been told to.
  void told_to_stop() { told_to_stop_ = true; }

 private:
  void keep_log_lines(std::size_t most);
  void tell_of_dropped_log_lines();
  Error refusal_of(const Mailbox::Letter& letter);

  const BridgeSetup& setup_;
  Watch watch_;
  Clock::time_point watched_;  // when it was last asked
  ReportCheck check_;
  Clock::time_point started_;  // when the agents were told to start
  Mailbox mailbox_;
  std::vector<Agent> agents_;
  std::map<std::string, std::size_t> agent_of_device_;
  bool told_to_stop_ = false;
};

}  // namespace millrace
