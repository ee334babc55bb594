#include "sim/run/dry_run.hpp"

#include <algorithm>

#include "runtime/base/interrupt.hpp"
#include "runtime/node/build_node.hpp"
#include "sim/coordinator/coordinator.hpp"
#include "sim/coordinator/local_attachment.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

namespace {

class Listener final : public RunObserver {
 public:
  Listener(std::size_t stages, Time until, Bytes mtu) : summary_(stages), until_(until), mtu_(mtu) {}

  void on_record(Time now, NodeId, const Record& record) override {
    now_ = now;
    const auto* completion = std::get_if<CompletionRecord>(&record);
    if (completion == nullptr) return;
    summary_.add(*completion);
    last_created_ = std::max(last_created_, completion->created);
    if (first_images_ == 0) {
      first_images_ = completion->images;
      first_ = completion->completed;
    }
  }
  void on_transfer(const TransferRecord& transfer) override {
    ++messages_;
    packets_ += static_cast<std::uint64_t>(transfer.size.count() / mtu_.count());
  }
  bool interrupted() override { return late() || spent() || interrupt_requested(); }
  void on_network_events(std::uint64_t events) { events_ += events; }

  bool late() const { return now_ > until_; }
  bool spent() const { return work() > DryRun::kMostWork; }
  std::uint64_t work() const { return messages_ + packets_ / DryRun::kPacketsPerMessage + events_; }
  Time now() const { return now_; }
  bool more_than_one() const { return summary_.images() > first_images_; }
  DryRun::Figures figures(Time end, bool whole) {
    summary_.close(end);
    const double filled_s = (end - first_).seconds();
    return {.figures = {.throughput_images_per_s = summary_.throughput_images_per_s(),
                        .latency_p50_s = summary_.latency(0.5).value_or(Duration{}).seconds(),
                        .duration_s = summary_.duration().seconds(),
                        .images = summary_.images(),
                        .whole = whole},
            .filled_images_per_s =
                filled_s > 0 ? static_cast<double>(summary_.images() - first_images_) / filled_s : 0,
            .last_created_s = last_created_.seconds()};
  }

 private:
  Summary summary_;
  Time until_, now_, first_, last_created_;
  Bytes mtu_;
  std::uint64_t first_images_ = 0, messages_ = 0, packets_ = 0, events_ = 0;
};

}  // namespace

Result<std::vector<std::unique_ptr<Attachment>>> nodes_without_tensors(const Scenario& scenario,
                                                                       const Plan& plan) {
  std::vector<std::unique_ptr<Attachment>> nodes;
  for (std::uint32_t i = 0; i < plan.node_count(); ++i) {
    auto node = build_node(scenario, plan, {i});
    if (!node) return node.error();
    auto executor = build_size_executor(scenario, plan, {i});
    if (!executor) return executor.error();
    auto cost = build_cost(scenario, plan, {i});
    if (!cost) return cost.error();
    nodes.push_back(std::make_unique<LocalAttachment>(
        VirtualNode::Parts{std::move(*node), std::move(*executor), std::move(*cost)},
        VirtualNode::Compute::inline_));
  }
  return nodes;
}

DryRun::DryRun(const Scenario& scenario, NetworkSpec spec) : scenario_(scenario), spec_(std::move(spec)) {
  scenario_.run.mode = Mode::simulate;
  scenario_.run.compute = ComputeKind::profile;
  const auto most = kMostMicrobatches * static_cast<std::uint64_t>(scenario_.model.microbatch);
  whole_ = scenario_.workload.images <= most;
  scenario_.workload.images = std::min(scenario_.workload.images, most);
}

Result<std::optional<DryRun::Figures>> DryRun::run(const Plan& plan, Time until) {
  Listener listener(plan.stages.size(), until, spec_.mtu);
  NetworkTaps taps;
  taps.stop = [&listener] {
    listener.on_network_events(NetworkTaps::kEventsPerQuestion);
    return listener.interrupted();
  };
  auto network = make_fluid_network(spec_, taps);
  if (!network) return network.error();
  auto nodes = nodes_without_tensors(scenario_, plan);
  if (!nodes) return nodes.error();
  Coordinator coordinator(
      {.plan = plan, .network = **network, .observer = listener, .nodes = std::move(*nodes)});
  const auto end = coordinator.run();
  work_ = listener.work();
  cut_short_ = false;
  if (!end && listener.late()) return std::optional<Figures>();
  cut_short_ = !end && !interrupt_requested() && listener.spent();
  if (cut_short_) {
    if (listener.more_than_one()) return std::optional(listener.figures(listener.now(), false));
    return Error{"simulating it takes too long for a plan; run it with --mode simulate"};
  }
  if (!end) return end.error();
  return std::optional(listener.figures(*end, whole_));
}

}  // namespace millrace
