#include "sim/ns3/topology.hpp"

#include <fmt/core.h>
#include <ns3/csma-channel.h>
#include <ns3/csma-net-device.h>
#include <ns3/drop-tail-queue.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sim/ns3/simulation.hpp"
#include "sim/ns3/wifi_medium.hpp"

namespace millrace {
namespace {

using Pair = std::pair<DeviceId, DeviceId>;

TraceDevice::Sender sender_of(const NetworkSpec& spec, const LinkSpec& link) {
  const std::string stream =
      fmt::format("loss/{}->{}", spec.devices[link.from.value], spec.devices[link.to.value]);
  return {.rate = link.rate,
          .delay = link.delay,
          .queue = link.queue,
          .loss = link.loss,
          .loss_model = link.loss_model,
          .overhead = link.overhead,
          .repeats_lost = spec.transport == Transport::raw,
          .random = Random(spec.seed, stream)};
}

ns3::Ptr<TraceDevice> add_device(ns3::Node& node, Bytes mtu) {
  auto device = ns3::CreateObject<TraceDevice>();
  device->SetAddress(ns3::Mac48Address::Allocate());
  device->SetMtu(static_cast<std::uint16_t>(mtu.count()));
  node.AddDevice(device);
  return device;
}

// ns-3's Ethernet with carrier sense. Header and check sequence are in its frames; preamble and gap are not,
// so they are the gap between frames here.
class MediumBuilder {
 public:
  MediumBuilder(const NetworkSpec& spec, Topology& topology) : spec_(spec), topology_(topology) {
    for (const SegmentSpec& segment : spec.segments)
      segment.kind == SegmentKind::wifi ? add_wifi(segment) : add_csma(segment);
  }
  // The device a link on a segment leaves through.
  ns3::Ptr<ns3::NetDevice> device(std::uint32_t segment, DeviceId node) const {
    return devices_[segment].at(node);
  }

 private:
  static constexpr Bytes kPreambleAndGap = Bytes(20);
  // Back-off: ns-3's numbers, which suit 10 Mbit/s (1 us a slot), in bit times.
  static constexpr std::int64_t kBitsPerSlot = 10;
  static constexpr std::uint32_t kMinSlots = 1, kMaxSlots = 1000, kCeiling = 10, kMaxRetries = 1000;

  void add_csma(const SegmentSpec& segment) {
    auto channel = ns3::CreateObject<ns3::CsmaChannel>();
    const auto bit_per_s = static_cast<std::uint64_t>(segment.rate.bit_per_s());
    channel->SetAttribute("DataRate", ns3::DataRateValue(ns3::DataRate(bit_per_s)));
    channel->SetAttribute("Delay", ns3::TimeValue(to_ns3(segment.delay)));
    auto& own = devices_.emplace_back();
    for (const DeviceId member : segment.members) {
      auto device = ns3::CreateObject<ns3::CsmaNetDevice>();
      device->SetAddress(ns3::Mac48Address::Allocate());
      device->SetMtu(static_cast<std::uint16_t>(spec_.mtu.count()));
      auto queue = ns3::CreateObject<ns3::DropTailQueue<ns3::Packet>>();
      queue->SetMaxSize(ns3::QueueSize(
          ns3::QueueSizeUnit::BYTES,
          static_cast<std::uint32_t>(std::min(segment.queue.count(), std::int64_t{0xFFFF'FFFF}))));
      device->SetQueue(queue);
      device->Attach(channel);
      device->SetInterframeGap(to_ns3(time_of(kPreambleAndGap, segment.rate)));
      // The order of the last two is that of ns-3.37's definition; its declaration names them the other way.
      device->SetBackoffParams(ns3::NanoSeconds(std::max(
                                   kBitsPerSlot * 1'000'000'000 / segment.rate.bit_per_s(), std::int64_t{1})),
                               kMinSlots, kMaxSlots, kCeiling, kMaxRetries);
      device->AssignStreams(++stream_);
      topology_.nodes[member.value]->AddDevice(device);
      topology_.on_media.emplace_back(member, device);
      own.emplace(member, device);
    }
  }

  void add_wifi(const SegmentSpec& segment) {
    const auto devices = make_wifi(segment, spec_.mtu, topology_.nodes, stream_);
    auto& own = devices_.emplace_back();
    for (std::size_t i = 0; i < devices.size(); ++i) {
      topology_.on_media.emplace_back(segment.members[i], devices[i]);
      own.emplace(segment.members[i], devices[i]);
    }
    topology_.wifi.push_back(devices);
  }

  static Duration time_of(Bytes size, BitRate rate) {
    return Duration::ns((size.bits() * 1'000'000'000 + rate.bit_per_s() - 1) / rate.bit_per_s());
  }

  const NetworkSpec& spec_;
  Topology& topology_;
  std::int64_t stream_ = 0;
  std::vector<std::map<DeviceId, ns3::Ptr<ns3::NetDevice>>> devices_;
};

}  // namespace

Topology make_topology(const NetworkSpec& spec) {
  Topology topology;
  for (std::size_t i = 0; i < spec.devices.size(); ++i)
    topology.nodes.push_back(ns3::CreateObject<ns3::Node>());
  const MediumBuilder media(spec, topology);
  std::map<Pair, ns3::Ptr<TraceDevice>> ends;  // the device at .first towards .second
  for (const LinkSpec& link : spec.links) {
    if (link.segment) {
      topology.senders.emplace_back(nullptr);
      topology.devices.push_back(media.device(*link.segment, link.from));
      continue;
    }
    auto& here = ends[Pair{link.from, link.to}];
    if (!here) {
      here = add_device(*topology.nodes[link.from.value], spec.mtu);
      auto& there = ends[Pair{link.to, link.from}];
      there = add_device(*topology.nodes[link.to.value], spec.mtu);
      TraceDevice::join(here, there);
    }
    here->set_sender(sender_of(spec, link));
    topology.senders.push_back(here);
    topology.devices.emplace_back(here);
  }
  return topology;
}

// Beacons come ten times a second; a station that hears none during all these steps is out of reach.
Result<void> associate(const NetworkSpec& spec, const Topology& topology) {
  constexpr int kSteps = 100;
  const auto missing = [&]() -> std::optional<Error> {
    std::size_t wifi = 0;
    for (const SegmentSpec& segment : spec.segments) {
      if (segment.kind != SegmentKind::wifi) continue;
      if (const auto station = unassociated(topology.wifi[wifi++]))
        return Error{fmt::format("network: segment {}: {} does not reach its access point at {:g} m; put it "
                                 "nearer",
                                 segment.name, spec.devices[segment.members[*station].value],
                                 segment.wifi.distances_m[*station]),
                     ExitCode::invalid_input};
    }
    return std::nullopt;
  };
  for (int step = 0; step < kSteps && !topology.wifi.empty(); ++step) {
    if (!missing()) break;
    Simulation::warm_up(Duration::ms(100));
  }
  if (const auto error = missing()) return *error;
  return {};
}

Result<void> add_taps(Topology& topology, const NetworkTaps& taps) {
  MR_CHECK(taps.captures.empty() || taps.unwritten != nullptr, "captures need who hears of their end");
  std::map<LinkId, PcapFile> captures;
  for (const auto& capture : taps.captures) {
    auto file = PcapFile::create(capture.path, *taps.unwritten);
    if (!file) return file.error();
    captures.emplace(capture.link, std::move(*file));
  }
  if (taps.meter == nullptr && captures.empty()) return {};
  for (std::uint32_t i = 0; i < topology.senders.size(); ++i) {
    auto capture = captures.extract(LinkId{i});
    std::optional<PcapFile> file;
    if (!capture.empty()) file.emplace(std::move(capture.mapped()));
    topology.taps.push_back(std::make_unique<LinkTap>(LinkId{i}, taps.meter, std::move(file)));
    // On a medium the carrier feeds the tap: one device serves several links there.
    if (topology.senders[i]) topology.senders[i]->set_tap(topology.taps.back().get());
  }
  return {};
}

}  // namespace millrace
