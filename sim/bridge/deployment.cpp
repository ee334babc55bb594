#include "sim/bridge/deployment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

namespace millrace {

namespace {

// After the sink has everything, reports still under way are taken until none comes for a while.
constexpr Duration kQuiet = Duration::ms(50);
constexpr auto kDrain = std::chrono::milliseconds(300);

// How far the microbatches have come according to the reports: says where a stalled run stands.
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

  // Searches from the sink backwards: nodes before the standstill only wait for it.
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
  std::vector<std::uint64_t> finished_, acknowledged_;  // by node; acknowledged to it by the node after it
};

}  // namespace

Result<void> Deployment::connect_peers() {
  Peers peers;
  for (const auto& [node, endpoint] : endpoints_) peers.endpoints.push_back(endpoint);
  crew_.tell_all([&] { return to_frame(peers); });
  return crew_.await_ready([](const Crew::Agent&, const Ready&) {});
}

Result<Time> Deployment::run(RunObserver& observer) {
  if (auto connected = connect_peers(); !connected) return connected.error();
  if (setup_.at_start) {
    if (auto begun = setup_.at_start(); !begun) return begun.error();
  }
  crew_.begin_clock();
  crew_.tell_all([] { return to_frame(FrameType::start); });
  Time last;
  if (auto streamed = stream(observer, last); !streamed) return streamed.error();
  if (auto drained = drain(observer); !drained) return drained.error();
  if (auto over = farewells(observer); !over) return over.error();
  return last;
}

// How long the run may go without a report: run.timeout plus, at a set image rate, 20 microbatch periods.
Duration Deployment::patience() const {
  constexpr double kGaps = 20;
  const auto& scenario = setup_.scenario;
  if (scenario.workload.images_per_s <= 0) return scenario.run.timeout;
  const double gap_s = scenario.model.microbatch / scenario.workload.images_per_s;
  return scenario.run.timeout + Duration::from_seconds(kGaps * gap_s);
}

Result<void> Deployment::stream(RunObserver& observer, Time& last) {
  const auto patience_ns = std::chrono::nanoseconds(patience().count_ns());
  auto give_up = Crew::Clock::now() + patience_ns;
  std::map<NodeId, Time> heard;
  Progress progress(observer, setup_.scenario, setup_.plan);
  for (;;) {
    if (observer.interrupted()) return Error{fmt::format("interrupted at {:.3f} s", last.seconds())};
    auto letter = crew_.hear(Duration::ms(100));
    if (!letter) return letter.error();
    if (!*letter && Crew::Clock::now() > give_up) {
      return Error{
          fmt::format(
              "no node has done anything for {:.1f} s, though all agents are there: {}; heard of: {}; "
              "if one microbatch may take that long, give a larger run.timeout",
              patience().seconds(), progress.standstill(), fmt::join(idle_since(heard), ", ")),
          ExitCode::timeout};
    }
    if (!*letter) continue;
    give_up = Crew::Clock::now() + patience_ns;
    auto over = take_report(**letter, progress, last, &heard);
    if (!over) return over.error().in(crew_.agents()[(*letter)->agent].who);
    if (*over) return {};
  }
}

// When each node last reported, to find out where the run hangs.
std::vector<std::string> Deployment::idle_since(const std::map<NodeId, Time>& heard) const {
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

// The last acknowledgements and records come after the sink's last report.
Result<void> Deployment::drain(RunObserver& observer) {
  const auto give_up = Crew::Clock::now() + kDrain;
  Time ignored;
  while (Crew::Clock::now() < give_up) {
    auto letter = crew_.hear(kQuiet);
    if (!letter) return letter.error();
    if (!*letter) return {};
    auto taken = take_report(**letter, observer, ignored, nullptr);
    if (!taken) return taken.error().in(crew_.agents()[(*letter)->agent].who);
  }
  return {};
}

// Tells all agents that the run is over, and waits until each has reported everything.
Result<void> Deployment::farewells(RunObserver& observer) {
  crew_.tell_all([] { return to_frame(FrameType::stop); });
  crew_.told_to_stop();
  // Processes of local agents may end from here on.
  crew_.watch([&observer]() -> Result<void> {
    if (observer.interrupted()) return Error{"interrupted while agents ended their part"};
    return {};
  });
  Time ignored;
  return crew_.await_all(
      [&](const Mailbox::Letter& letter) -> Result<bool> {
        if (letter.frame.type != FrameType::farewell) {
          auto taken = take_report(letter, observer, ignored, nullptr);
          if (!taken) return taken.error();
          return false;
        }
        const auto farewell = parse_farewell(letter.frame);
        if (!farewell) return farewell.error();
        crew_.mailbox().excuse(letter.agent);
        setup_.on_farewell(crew_.agents()[letter.agent].devices, *farewell);
        return true;
      },
      false, [](const std::string& silent) { return silent + ": has not ended its part"; });
}

// Hands the report's records to the observer; returns whether the run is over.
Result<bool> Deployment::take_report(const Mailbox::Letter& letter, RunObserver& observer, Time& last,
                                     std::map<NodeId, Time>* heard) {
  const auto report = crew_.sound_report(letter);
  if (!report) return report.error();
  if (heard != nullptr) (*heard)[report->node] = report->now;
  for (const auto& record : report->records) {
    if (const auto* completion = std::get_if<CompletionRecord>(&record)) last = completion->completed;
    observer.on_record(report->now, report->node, record);
  }
  return report->finished && report->node == setup_.plan.sink_node();
}

}  // namespace millrace
