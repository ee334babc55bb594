#include "tests/contract/driver_contract.hpp"

#include "runtime/node/cost.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "sim/bridge/bridge.hpp"
#include "sim/coordinator/coordinator.hpp"
#include "sim/coordinator/emulator.hpp"
#include "sim/coordinator/local_attachment.hpp"
#include "sim/net/fluid_network.hpp"
#include "tests/support/agents.hpp"

namespace millrace {
namespace {

// Every device reaches every other directly: 100 Mbit/s, 1 ms.
NetworkSpec mesh_spec(std::uint32_t devices) {
  NetworkSpec spec;
  spec.devices.resize(devices);
  for (std::uint32_t i = 0; i < devices; ++i) spec.devices[i] = "d" + std::to_string(i);
  for (std::uint32_t i = 0; i < devices; ++i) {
    for (std::uint32_t k = 0; k < devices; ++k) {
      if (i != k) spec.links.push_back({{i}, {k}, BitRate::mbit(100), Duration::ms(1)});
    }
  }
  return spec;
}
std::unique_ptr<Network> full_mesh(std::uint32_t devices) {
  return std::make_unique<FluidNetwork>(mesh_spec(devices));
}

Result<Time> play_in_process(VirtualNode::Compute compute, const Pipeline& pipeline, Peaks& peaks,
                             RunObserver& observer) {
  const auto plan = pipeline.plan();
  const auto network = full_mesh(pipeline.device_count());
  std::vector<std::unique_ptr<Attachment>> nodes;
  for (std::uint32_t i = 0; i < pipeline.nodes(); ++i)
    nodes.push_back(std::make_unique<LocalAttachment>(parts_of(pipeline, {i}, peaks), compute));
  return Coordinator({.plan = plan, .network = *network, .observer = observer, .nodes = std::move(nodes)})
      .run();
}

// With a lateness limit that even a busy machine meets: punctuality is tested elsewhere.
Result<Time> emulate(Bridge& bridge, const Pipeline& pipeline, RunObserver& observer) {
  using Clock = std::chrono::steady_clock;
  const auto plan = pipeline.plan();
  const auto spec = mesh_spec(pipeline.device_count());
  const auto zero = Clock::now();
  LatenessAudit audit(Duration::s(20),
                      [zero] { return Time::at_ns(std::chrono::nanoseconds(Clock::now() - zero).count()); });
  LinkMeter meter(spec, Duration::s(1));
  FluidNetwork network(spec, {.meter = &meter, .audit = &audit});
  std::vector<std::unique_ptr<CostModel>> costs;
  for (std::uint32_t i = 0; i < pipeline.nodes(); ++i) costs.push_back(std::make_unique<MeasuredCost>(1));
  const auto nodes = bridge.wall_nodes();
  return Emulator({.plan = plan,
                   .spec = spec,
                   .network = network,
                   .audit = audit,
                   .meter = meter,
                   .observer = observer,
                   .nodes = *nodes,
                   .costs = std::move(costs),
                   .timeout = Duration::s(20)})
      .run();
}

// The complete path: a bridge, agents that connect to it, the drivers that they choose by the mode.
Result<Time> play_with_agents(Mode mode, bool isolated, const Pipeline& pipeline, Peaks& peaks,
                              RunObserver& observer) {
  const auto plan = pipeline.plan();
  auto scenario = ring_scenario(pipeline.device_count());
  scenario.model.microbatch = static_cast<int>(pipeline.microbatch);
  scenario.workload.images = pipeline.images;
  Agents agents;  // join last
  auto bridge = Bridge::listen({.scenario = scenario,
                                .plan = plan,
                                .scenario_text = resolved_yaml(scenario),
                                .scenario_sha256 = scenario_hash(scenario),
                                .mode = mode,
                                .release = kTestRelease},
                               {"127.0.0.1", 0});
  if (!bridge) return bridge.error();
  std::vector<std::vector<std::string>> groups;
  for (std::uint32_t i = 0; i < pipeline.device_count(); ++i) {
    if (isolated || groups.empty()) groups.emplace_back();
    groups.back().push_back("d" + std::to_string(i));
  }
  const auto factory = [&](const Scenario&, const Plan&, NodeId node) -> Result<VirtualNode::Parts> {
    return parts_of(pipeline, node, peaks);
  };
  for (const auto& devices : groups) {
    agents.start({.host = (*bridge)->local(),
                  .devices = devices,
                  .scenario_sha256 = scenario_hash(scenario),
                  .release = kTestRelease,
                  .timeout = Duration::s(20)},
                 factory);
  }
  if (auto gathered = (*bridge)->gather([] { return Result<void>{}; }); !gathered) return gathered.error();
  Result<Time> end = Time::zero();
  if (mode == Mode::deploy) {
    end = (*bridge)->run(observer);
  } else if (mode == Mode::emulate) {
    end = emulate(**bridge, pipeline, observer);
  } else {
    const auto network = full_mesh(pipeline.device_count());
    end = Coordinator(
              {.plan = plan, .network = *network, .observer = observer, .nodes = (*bridge)->attachments()})
              .run();
  }
  (*bridge)->stop();
  agents.join();
  for (std::size_t i = 0; end && i < groups.size(); ++i) {
    if (!agents.result(i)) return agents.result(i).error().in("an agent of a run that went well");
  }
  return end;
}

using std::placeholders::_1;
using std::placeholders::_2;
using std::placeholders::_3;

const DriverUnderTest kInline{"InProcess",
                              std::bind(play_in_process, VirtualNode::Compute::inline_, _1, _2, _3)};
const DriverUnderTest kThreads{"InProcessOnThreads",
                               std::bind(play_in_process, VirtualNode::Compute::on_thread, _1, _2, _3)};
const DriverUnderTest kLockstep{"Lockstep", std::bind(play_with_agents, Mode::cosim, true, _1, _2, _3)};
const DriverUnderTest kLockstepTogether{"LockstepOneAgent",
                                        std::bind(play_with_agents, Mode::cosim, false, _1, _2, _3)};
const DriverUnderTest kTcp{"Tcp", std::bind(play_with_agents, Mode::deploy, true, _1, _2, _3)};
const DriverUnderTest kTcpTogether{"TcpOneAgent",
                                   std::bind(play_with_agents, Mode::deploy, false, _1, _2, _3)};

const DriverUnderTest kPaced{"Paced", std::bind(play_with_agents, Mode::emulate, true, _1, _2, _3)};
const DriverUnderTest kPacedTogether{"PacedOneAgent",
                                     std::bind(play_with_agents, Mode::emulate, false, _1, _2, _3)};

INSTANTIATE_TEST_SUITE_P(Every, DriverContract,
                         testing::Values(kInline, kThreads, kLockstep, kLockstepTogether, kTcp, kTcpTogether,
                                         kPaced, kPacedTogether),
                         driver_name);

// Virtual time does not depend on where the nodes are: the same records at the same instants.
TEST(VirtualDrivers, AgreeOnEveryRecordAndEveryInstant) {
  const Pipeline pipeline{.images = 90, .window = 2};
  RecordingObserver first;
  Peaks peaks;
  const auto end = kInline.play(pipeline, peaks, first);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(peaks.unanswered, 2) << "the slow last stage fills the window";
  for (const auto* driver : {&kThreads, &kLockstep, &kLockstepTogether}) {
    RecordingObserver other;
    const auto its_end = driver->play(pipeline, peaks, other);
    ASSERT_TRUE(its_end.ok()) << its_end.error().message;
    EXPECT_EQ(*its_end, *end) << driver->name;
    EXPECT_EQ(other.log, first.log) << driver->name;
  }
}

// Both instants of a sample are the sender's, so the last comes after the sink has finished.
TEST(TheTcpDriver, LosesNoSampleNotEvenTheLast) {
  RecordingObserver observer;
  Peaks peaks;
  const auto end = kTcp.play({}, peaks, observer);
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(observer.records_of<LinkSample>().size(), 18U) << "6 from each of three senders";
}

}  // namespace
}  // namespace millrace
