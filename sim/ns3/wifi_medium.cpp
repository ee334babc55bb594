#include "sim/ns3/wifi_medium.hpp"

#include <ns3/ap-wifi-mac.h>
#include <ns3/boolean.h>
#include <ns3/constant-position-mobility-model.h>
#include <ns3/llc-snap-header.h>
#include <ns3/propagation-delay-model.h>
#include <ns3/propagation-loss-model.h>
#include <ns3/qos-txop.h>
#include <ns3/queue-size.h>
#include <ns3/ssid.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/string.h>
#include <ns3/uinteger.h>
#include <ns3/wifi-helper.h>
#include <ns3/wifi-mac-header.h>
#include <ns3/wifi-mac-queue.h>
#include <ns3/wifi-mac-trailer.h>
#include <ns3/yans-wifi-channel.h>
#include <ns3/yans-wifi-helper.h>

#include <cmath>
#include <numbers>

#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

struct Standard {
  const char* name;
  ns3::WifiStandard standard;
  const char* minstrel;
  const char* data_mode;  // for constant rate: the fastest modulation
};

const Standard& standard_of(const std::string& name) {
  static const std::array<Standard, 5> table{
      {{"802.11a", ns3::WIFI_STANDARD_80211a, "ns3::MinstrelWifiManager", "OfdmRate54Mbps"},
       {"802.11g", ns3::WIFI_STANDARD_80211g, "ns3::MinstrelWifiManager", "ErpOfdmRate54Mbps"},
       {"802.11n", ns3::WIFI_STANDARD_80211n, "ns3::MinstrelHtWifiManager", "HtMcs7"},
       {"802.11ac", ns3::WIFI_STANDARD_80211ac, "ns3::MinstrelHtWifiManager", "VhtMcs9"},
       {"802.11ax", ns3::WIFI_STANDARD_80211ax, "ns3::MinstrelHtWifiManager", "HeMcs11"}}};
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Standard& entry) { return entry.name == name; });
  MR_CHECK(found != table.end(), "a checked spec names a known standard");
  return *found;
}

void set_rate_control(ns3::WifiHelper& wifi, const Standard& standard, const std::string& name) {
  if (name == "minstrel") return wifi.SetRemoteStationManager(standard.minstrel);
  if (name == "ideal") return wifi.SetRemoteStationManager("ns3::IdealWifiManager");
  MR_CHECK(name == "constant", "a checked spec names a known rate control");
  wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager", "DataMode",
                               ns3::StringValue(standard.data_mode));
}

// Places the member: an access point in the centre, others around it.
void place(const SegmentSpec& segment, std::size_t member, ns3::Node& node) {
  const auto& wifi = segment.wifi;
  const bool centre = wifi.access_point && *wifi.access_point == segment.members[member];
  const double radius = centre ? 0 : wifi.distances_m[member];
  const double angle =
      2 * std::numbers::pi * static_cast<double>(member) / static_cast<double>(segment.members.size());
  auto mobility = node.GetObject<ns3::MobilityModel>();
  MR_CHECK(!mobility, "a device is in one Wi-Fi segment");
  auto position = ns3::CreateObject<ns3::ConstantPositionMobilityModel>();
  position->SetPosition({radius * std::cos(angle), radius * std::sin(angle), 0});
  node.AggregateObject(position);
}

ns3::Ptr<ns3::YansWifiChannel> make_channel() {
  auto channel = ns3::CreateObject<ns3::YansWifiChannel>();
  channel->SetPropagationLossModel(ns3::CreateObject<ns3::LogDistancePropagationLossModel>());
  channel->SetPropagationDelayModel(ns3::CreateObject<ns3::ConstantSpeedPropagationDelayModel>());
  return channel;
}

void set_queue(const ns3::Ptr<ns3::WifiNetDevice>& device, Bytes size) {
  const auto mac = device->GetMac();
  const auto category = mac->GetQosSupported() ? ns3::AC_BE : ns3::AC_BE_NQOS;
  const auto queue = mac->GetTxopQueue(category);
  queue->SetMaxSize(ns3::QueueSize(ns3::QueueSizeUnit::BYTES, static_cast<std::uint32_t>(std::min(
                                                                  size.count(), std::int64_t{0xFFFF'FFFF}))));
  queue->SetMaxDelay(ns3::Seconds(10));  // its size is the limit, not the age of its packets
}

// A frame's IP packet without the headers of Wi-Fi and LLC, if it has one.
ns3::Ptr<const ns3::Packet> unwrapped(const ns3::Ptr<const ns3::Packet>& frame, bool with_mac_header) {
  const auto packet = frame->Copy();
  if (with_mac_header) {
    ns3::WifiMacHeader header;
    packet->RemoveHeader(header);
    if (!header.HasData()) return nullptr;
    ns3::WifiMacTrailer trailer;
    packet->RemoveTrailer(trailer);
  }
  ns3::LlcSnapHeader llc;
  if (packet->GetSize() < llc.GetSerializedSize()) return nullptr;
  packet->RemoveHeader(llc);
  constexpr std::uint16_t kIpv4 = 0x0800;
  return llc.GetType() == kIpv4 ? packet : nullptr;
}

}  // namespace

std::vector<ns3::Ptr<ns3::WifiNetDevice>> make_wifi(const SegmentSpec& segment, Bytes mtu,
                                                    const std::vector<ns3::Ptr<ns3::Node>>& nodes,
                                                    std::int64_t& stream) {
  const Standard& standard = standard_of(segment.wifi.standard);
  ns3::WifiHelper wifi;
  wifi.SetStandard(standard.standard);
  set_rate_control(wifi, standard, segment.wifi.rate_control);
  ns3::YansWifiPhyHelper phy;
  phy.SetChannel(make_channel());
  std::vector<ns3::Ptr<ns3::WifiNetDevice>> devices;
  for (std::size_t i = 0; i < segment.members.size(); ++i) {
    const auto& node = nodes.at(segment.members[i].value);
    place(segment, i, *node);
    ns3::WifiMacHelper mac;
    const auto& point = segment.wifi.access_point;
    const ns3::SsidValue ssid(ns3::Ssid(segment.name));
    if (!point)
      mac.SetType("ns3::AdhocWifiMac");
    else if (*point == segment.members[i])
      mac.SetType("ns3::ApWifiMac", "Ssid", ssid);
    else
      mac.SetType("ns3::StaWifiMac", "Ssid", ssid);
    const auto installed = wifi.Install(phy, mac, node);
    const auto device = ns3::DynamicCast<ns3::WifiNetDevice>(installed.Get(0));
    device->SetMtu(static_cast<std::uint16_t>(mtu.count()));
    set_queue(device, segment.queue);
    device->GetMac()->SetAttribute("BE_MaxAmpduSize",
                                   ns3::UintegerValue(0));  // README: ns-3 3.37 fails with aggregation
    stream += wifi.AssignStreams(installed, stream + 1);
    devices.push_back(device);
  }
  return devices;
}

std::optional<std::size_t> unassociated(const std::vector<ns3::Ptr<ns3::WifiNetDevice>>& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto station = ns3::DynamicCast<ns3::StaWifiMac>(devices[i]->GetMac());
    if (station && !station->IsAssociated()) return i;
  }
  return std::nullopt;
}

void listen_to_wifi(const ns3::Ptr<ns3::WifiNetDevice>& device, WifiListener listener) {
  using Packet = WifiListener::Packet;
  using Mpdu = ns3::Ptr<const ns3::WifiMpdu>;
  const auto hears = std::make_shared<const WifiListener>(std::move(listener));
  const auto mac = device->GetMac();
  const auto phy = device->GetPhy();
  const auto of_mpdu = [](const Mpdu& mpdu) { return unwrapped(mpdu->GetPacket(), false); };
  mac->TraceConnectWithoutContext("MacTx", ns3::Callback<void, Packet>([hears](const Packet& packet) {
                                    if (const auto ip = unwrapped(packet, false)) hears->offered(ip);
                                  }));
  mac->TraceConnectWithoutContext("AckedMpdu", ns3::Callback<void, Mpdu>([hears, of_mpdu](const Mpdu& mpdu) {
                                    if (!mpdu->GetHeader().HasData()) return;
                                    if (const auto ip = of_mpdu(mpdu)) hears->delivered(ip);
                                  }));
  mac->TraceConnectWithoutContext("DroppedMpdu",
                                  ns3::Callback<void, ns3::WifiMacDropReason, Mpdu>(
                                      [hears, of_mpdu](ns3::WifiMacDropReason reason, const Mpdu& mpdu) {
                                        if (!mpdu->GetHeader().HasData()) return;
                                        const auto ip = of_mpdu(mpdu);
                                        if (!ip) return;
                                        const bool full = reason == ns3::WIFI_MAC_DROP_FAILED_ENQUEUE;
                                        full ? hears->dropped(ip) : hears->lost(ip);
                                      }));
  phy->TraceConnectWithoutContext("PhyTxBegin",
                                  ns3::Callback<void, Packet, double>([hears](const Packet& frame, double) {
                                    if (const auto ip = unwrapped(frame, true)) hears->begins(ip);
                                  }));
  phy->TraceConnectWithoutContext("PhyTxEnd", ns3::Callback<void, Packet>([hears](const Packet& frame) {
                                    if (const auto ip = unwrapped(frame, true)) hears->sent(ip);
                                  }));
}

}  // namespace millrace
