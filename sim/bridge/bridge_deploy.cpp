// A run on the agents' own clocks: the host only connects, starts, listens, and says when it is over.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>

#include "sim/bridge/bridge.hpp"

namespace millrace {

namespace {

// After the sink has everything, reports still under way are taken until none comes for a while.
constexpr Duration kQuiet = Duration::ms(50);
constexpr auto kDrain = std::chrono::milliseconds(300);

// How far the microbatches have come, as far as the reports tell: where a run stands that goes no further.
class Progress final : public RunObserver {
 public:
  Progress(RunObserver& observer, const Scenario& scenario, const Plan& plan)
      : observer_(observer),
        scenario_(scenario),
        plan_(plan),
        finished_(plan.node_count()),
        acknowledged_(plan.node_count()) {}

  void on_record(Time now, NodeId node, const Record& record) override {
    if (std::holds_alternative<StageRecord>(record) || std::holds_alternative<CompletionRecord>(record))
      ++finished_.at(node.value);
    if (std::holds_alternative<LinkSample>(record)) ++acknowledged_.at(node.value);
    observer_.on_record(now, node, record);
  }
  void on_transfer(const TransferRecord& transfer) override { observer_.on_transfer(transfer); }
  bool interrupted() override { return observer_.interrupted(); }

  // From the sink on: what is behind a standstill only waits for it.
  std::string standstill() const {
    for (std::uint32_t to = plan_.sink_node().value; to > 0; --to) {
      const NodeId node{to}, before{to - 1};
      const std::uint64_t arrived = acknowledged_[before.value], done = finished_[to];
      if (done > arrived)
        return fmt::format("{} has worked on microbatch {}, but its acknowledgement never comes to {}: {}",
                           who(node), arrived, who(before), way(node, before));
      if (arrived > done)
        return fmt::format("microbatch {} has come to {} and does not leave it", done, who(node));
      if (plan_.is_stage(before) && finished_[before.value] > arrived)
        return fmt::format("microbatch {} from {} to {} never arrives: {}", arrived, who(before), who(node),
                           way(before, node));
    }
    return fmt::format("microbatch {} from {} to {} has not arrived; if it was sent, {}", acknowledged_[0],
                       who({0}), who({1}), way({0}, {1}));
  }

 private:
  const std::string& device(NodeId node) const {
    return scenario_.devices.at(plan_.device_of(node).value).name;
  }
  std::string who(NodeId node) const { return fmt::format("{} ({})", node_name(plan_, node), device(node)); }
  std::string way(NodeId from, NodeId to) const {
    return fmt::format("the way {} -> {} carries nothing", device(from), device(to));
  }

  RunObserver& observer_;
  const Scenario& scenario_;
  const Plan& plan_;
  std::vector<std::uint64_t> finished_, acknowledged_;  // by node; acknowledged to it by the one after it
};

}  // namespace

Result<void> Bridge::connect_peers() {
  Peers peers;
  for (const auto& [node, endpoint] : endpoints_) peers.endpoints.push_back(endpoint);
  for (const auto& agent : agents_) agent.channel->send(to_frame(peers));
  return await_ready([](const Agent&, const Ready&) {});
}

Result<Time> Bridge::run(RunObserver& observer) {
  if (auto connected = connect_peers(); !connected) return connected.error();
  if (setup_.at_start) {
    if (auto begun = setup_.at_start(); !begun) return begun.error();
  }
  begin_clock();
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::start));
  Time last;
  if (auto streamed = stream(observer, last); !streamed) return streamed.error();
  if (auto drained = drain(observer); !drained) return drained.error();
  if (auto over = farewells(observer); !over) return over.error();
  return last;
}

// How long the run may go without a word: run.timeout, and where images come slowly, many times their gap.
Duration Bridge::patience() const {
  constexpr double kGaps = 20;
  const auto& scenario = setup_.scenario;
  if (scenario.workload.images_per_s <= 0) return scenario.run.timeout;
  const double gap_s = scenario.model.microbatch / scenario.workload.images_per_s;
  return scenario.run.timeout + Duration::from_seconds(kGaps * gap_s);
}

Result<void> Bridge::stream(RunObserver& observer, Time& last) {
  const auto patience_ns = std::chrono::nanoseconds(patience().count_ns());
  auto give_up = Clock::now() + patience_ns;
  std::map<NodeId, Time> heard;
  Progress progress(observer, setup_.scenario, setup_.plan);
  for (;;) {
    if (observer.interrupted()) return Error{fmt::format("interrupted at {:.3f} s", last.seconds())};
    auto letter = hear(Duration::ms(100));
    if (!letter) return letter.error();
    if (!*letter && Clock::now() > give_up) {
      return Error{
          fmt::format(
              "no node has done anything for {:.1f} s, though all agents are there: {}; heard of: {}; "
              "if one microbatch may take that long, give a larger run.timeout",
              patience().seconds(), progress.standstill(), fmt::join(idle_since(heard), ", ")),
          ExitCode::timeout};
    }
    if (!*letter) continue;
    give_up = Clock::now() + patience_ns;
    auto over = take_report(**letter, progress, last, &heard);
    if (!over) return over.error().in(agents_[(*letter)->agent].who);
    if (*over) return {};
  }
}

// What each node said last, for whoever has to find out where it hangs.
std::vector<std::string> Bridge::idle_since(const std::map<NodeId, Time>& heard) const {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < setup_.plan.node_count(); ++i) {
    const auto found = heard.find({i});
    const auto when = found == heard.end() ? std::string("never")
                                           : fmt::format("last at {:.3f} s", found->second.seconds());
    texts.push_back(fmt::format("{} ({}) {}", node_name(setup_.plan, {i}),
                                setup_.scenario.devices.at(setup_.plan.device_of({i}).value).name, when));
  }
  return texts;
}

// The last acknowledgements and records come after the sink's last word.
Result<void> Bridge::drain(RunObserver& observer) {
  const auto give_up = Clock::now() + kDrain;
  Time ignored;
  while (Clock::now() < give_up) {
    auto letter = hear(kQuiet);
    if (!letter) return letter.error();
    if (!*letter) return {};
    auto taken = take_report(**letter, observer, ignored, nullptr);
    if (!taken) return taken.error().in(agents_[(*letter)->agent].who);
  }
  return {};
}

// Tells all agents that it is over, and waits until each has reported everything.
Result<void> Bridge::farewells(RunObserver& observer) {
  for (const auto& agent : agents_) agent.channel->send(to_frame(FrameType::stop));
  told_to_stop_ = true;
  // Processes of local agents may end from here on.
  watch_ = [&observer]() -> Result<void> {
    if (observer.interrupted()) return Error{"interrupted while agents ended their part"};
    return {};
  };
  std::set<std::size_t> gone;
  Time ignored;
  const auto give_up = Clock::now() + std::chrono::nanoseconds(setup_.scenario.run.timeout.count_ns());
  while (gone.size() < agents_.size()) {
    auto letter = next_letter(give_up);
    if (!letter && letter.error().code == ExitCode::timeout) {
      std::vector<std::string> silent;
      for (std::size_t i = 0; i < agents_.size(); ++i) {
        if (!gone.contains(i)) silent.push_back(agents_[i].who);
      }
      return Error{fmt::format("{}: has not ended its part", fmt::join(silent, ", ")), ExitCode::timeout};
    }
    if (!letter) return letter.error();
    const auto& agent = agents_[letter->agent];
    if (letter->frame.type != FrameType::farewell) {
      auto taken = take_report(*letter, observer, ignored, nullptr);
      if (!taken) return taken.error().in(agent.who);
      continue;
    }
    const auto farewell = parse_farewell(letter->frame);
    if (!farewell) return farewell.error().in(agent.who);
    mailbox_.excuse(letter->agent);
    gone.insert(letter->agent);
    setup_.on_farewell(agent.devices, *farewell);
  }
  return {};
}

// A report that may be believed.
Result<Report> Bridge::sound_report(const Mailbox::Letter& letter) {
  auto report = parse_report(letter.frame);
  if (!report) return report;
  if (!speaks_for(letter.agent, report->node)) return Error{"it spoke for a node that it does not have"};
  if (report->records.empty() && !report->finished) return Error{"it sent a report of nothing"};
  const auto taken = check_.take({.node = report->node,
                                  .now = report->now,
                                  .latest = latest(),
                                  .records = report->records,
                                  .finished = report->finished});
  if (!taken) return taken.error();
  return report;
}

// Whether the run is over.
Result<bool> Bridge::take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last,
                                 std::map<NodeId, Time>* heard) {
  const auto report = sound_report(letter);
  if (!report) return report.error();
  if (heard != nullptr) (*heard)[report->node] = report->now;
  for (const auto& record : report->records) {
    if (const auto* completion = std::get_if<CompletionRecord>(&record)) last = completion->completed;
    observer.on_record(report->now, report->node, record);
  }
  return report->finished && report->node == setup_.plan.sink_node();
}

}  // namespace millrace
