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
  for (;;) {
    if (observer.interrupted()) return Error{fmt::format("interrupted at {:.3f} s", last.seconds())};
    auto letter = hear(Duration::ms(100));
    if (!letter) return letter.error();
    if (!*letter && Clock::now() > give_up) {
      return Error{
          fmt::format("no node has done anything for {:.1f} s, though all agents are there: {}; if one "
                      "microbatch may take that long, give a larger run.timeout",
                      patience().seconds(), fmt::join(idle_since(heard), ", ")),
          ExitCode::timeout};
    }
    if (!*letter) continue;
    give_up = Clock::now() + patience_ns;
    auto over = take_report(**letter, observer, last, &heard);
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
