// The admitted agents of one run, as the host knows them: the nodes of each, the frames it sends, and whether
// these are possible. All waiting for agents happens here, so that the loss of any agent is noticed at once.
// Gathering fills the crew; seats and the deployment talk through it.
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
  // Called several times a second during every wait: an error says why to stop waiting (Ctrl-C, a local agent
  // that died).
  using Watch = std::function<Result<void>()>;

  struct Agent {
    ChannelPointer channel;
    std::string who;      // "agent of board-a (10.0.0.7:7000)", for messages
    std::string devices;  // "board-a+board-b", for file names
    std::vector<NodeId> nodes{};
  };

  // The setup outlives the crew.
  explicit Crew(const BridgeSetup& setup);

  // --- which agents are there

  // Adds the agent of these devices; `number` is what Mailbox::add() returned for it.
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
  // REQUIRES missing_devices() is empty.
  const Agent& agent_of(NodeId node) const { return agents_[agent_at(node).value()]; }
  bool speaks_for(std::size_t agent, NodeId node) const;
  void tell_all(const std::function<Frame()>& word) const;

  // --- what they say

  void watch(Watch watch) { watch_ = std::move(watch); }
  Result<void> look() const { return watch_(); }
  Mailbox& mailbox() { return mailbox_; }
  // Every loop receives through this: the next frame of any agent, log lines apart, within `patience`. Log
  // lines may come at any time and go to the setup's on_log; losing an agent is an error.
  Result<std::optional<Mailbox::Letter>> hear(Duration patience);
  // Waits for the next frame and calls the watch meanwhile; an error with ExitCode::timeout once `give_up`
  // has passed.
  Result<Mailbox::Letter> next_letter(std::optional<Clock::time_point> give_up = {});
  // Hands every letter to `take`, which returns whether the letter's agent is done, until all agents are. The
  // wait lasts run.timeout, counted from the last letter of any agent (`renewed`) or from now; then `late`
  // makes the error from the names of the agents that are not done.
  Result<void> await_all(const std::function<Result<bool>(const Mailbox::Letter&)>& take, bool renewed,
                         const std::function<std::string(const std::string& silent)>& late);

  // Waits until every agent has said once that it is ready; calls `on_ready` for each. `serve` answers the
  // agents' requests for files meanwhile; empty: such a request is an error.
  Result<void> await_ready(const std::function<void(const Agent&, const Ready&)>& on_ready,
                           const std::function<Result<void>(const Mailbox::Letter&)>& serve = {});

  // --- which of their reports are believed

  ReportCheck& check() { return check_; }
  // The letter's report, or an error if it is not possible.
  Result<Report> sound_report(const Mailbox::Letter& letter);
  // Call just before the agents are told to start: their clocks begin.
  void begin_clock();
  // The latest instant that a correct clock can show now, 1 % allowed: far more than clocks differ in rate.
  Time latest() const;

  // --- the end

  // Tells every agent that the run is over, and closes its channel. `failure`: why the run failed, if it did;
  // agents report it too.
  void stop(const std::optional<Error>& failure);
  // Call once all agents have been sent `stop`.
  void told_to_stop() { told_to_stop_ = true; }

 private:
  void keep_log_lines(std::size_t most);
  void tell_of_dropped_log_lines();
  Error refusal_of(const Mailbox::Letter& letter);

  const BridgeSetup& setup_;
  Watch watch_;
  Clock::time_point watched_;  // when watch_ was last called
  ReportCheck check_;
  Clock::time_point started_;  // when the agents were told to start
  Mailbox mailbox_;
  std::vector<Agent> agents_;
  std::map<std::string, std::size_t> agent_of_device_;
  bool told_to_stop_ = false;
};

}  // namespace millrace
