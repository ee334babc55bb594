#include "sim/ns3/topology.hpp"

#include <fmt/core.h>

#include <map>
#include <utility>

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

}  // namespace

Topology make_topology(const NetworkSpec& spec) {
  Topology topology;
  for (std::size_t i = 0; i < spec.devices.size(); ++i)
    topology.nodes.push_back(ns3::CreateObject<ns3::Node>());
  std::map<Pair, ns3::Ptr<TraceDevice>> ends;  // the device at .first towards .second
  for (const LinkSpec& link : spec.links) {
    auto& here = ends[Pair{link.from, link.to}];
    if (!here) {
      here = add_device(*topology.nodes[link.from.value], spec.mtu);
      auto& there = ends[Pair{link.to, link.from}];
      there = add_device(*topology.nodes[link.to.value], spec.mtu);
      TraceDevice::join(here, there);
    }
    here->set_sender(sender_of(spec, link));
    topology.senders.push_back(here);
  }
  return topology;
}

Result<void> add_taps(Topology& topology, const NetworkTaps& taps) {
  std::map<LinkId, PcapFile> captures;
  for (const auto& capture : taps.captures) {
    auto file = PcapFile::create(capture.path);
    if (!file) return file.error();
    captures.emplace(capture.link, std::move(*file));
  }
  if (taps.meter == nullptr && captures.empty()) return {};
  for (std::uint32_t i = 0; i < topology.senders.size(); ++i) {
    auto capture = captures.extract(LinkId{i});
    std::optional<PcapFile> file;
    if (!capture.empty()) file = std::move(capture.mapped());
    topology.taps.push_back(std::make_unique<LinkTap>(LinkId{i}, taps.meter, std::move(file)));
    topology.senders[i]->set_tap(topology.taps.back().get());
  }
  return {};
}

}  // namespace millrace
