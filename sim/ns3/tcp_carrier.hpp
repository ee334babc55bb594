// ns-3's TCP over IPv4: one persistent connection per ordered pair of devices, opened before time 0
// (NetworkSpec::connections) or when the pair's first transfer leaves. Only sizes are sent (zero-filled
// virtual payload); a message ends where its cumulative byte count does. Buffers and timers are in
// tcp_settings.hpp; sim/ns3/README.md gives the reasons.
#pragma once

#include <ns3/socket.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/net/routes.hpp"
#include "sim/ns3/carrier.hpp"
#include "sim/ns3/cross_traffic_apps.hpp"
#include "sim/ns3/topology.hpp"

namespace millrace {

class TcpCarrier final : public Carrier {
 public:
  static constexpr std::uint64_t kAheadOfLink = 1U << 19U;  // bytes of a connection that may wait in its host

  // `topology` outlives this. Cross traffic runs from now on. REQUIRES spec.tcp_variant among variants().
  TcpCarrier(const NetworkSpec& spec, const Topology& topology, ArrivalHandler arrived);

  void carry(std::uint64_t order, const Transfer& transfer) override;
  bool settles() const override { return false; }  // retransmission timers go on for ever
  bool hopeless(DeviceId from, DeviceId to) const override;

  // Pairs of the name in a scenario and ns-3's name for it.
  static const std::vector<std::pair<std::string, std::string>>& variants();

 private:
  struct Message {
    std::uint64_t order;
    std::uint64_t begin, end;  // in the connection's stream
    std::optional<Time> first_bit;
    Time last_bit;
  };
  struct Connection {
    ns3::Ptr<ns3::Socket> sender, receiver;
    bool connected = false, failed = false;
    std::uint64_t submitted = 0, written = 0, left = 0, arrived = 0;  // bytes of the stream
    std::deque<Message> messages;                                     // not yet arrived, in order
  };
  using Pair = std::pair<DeviceId, DeviceId>;

  std::map<ns3::Mac48Address, LinkTap*> taps_from(const ns3::Ptr<ns3::NetDevice>& device) const;
  void watch_wifi(DeviceId from, const ns3::Ptr<ns3::WifiNetDevice>& device);
  LinkTap* tap_towards(DeviceId from, const ns3::Ptr<ns3::NetDevice>& device,
                       const ns3::Packet& packet) const;
  void watch_medium(DeviceId from, const ns3::Ptr<ns3::NetDevice>& device);
  void listen(DeviceId at);
  Connection& open(const Pair& pair);
  void open_before_start();
  void write(Connection& connection);
  void read(Connection& connection);
  void left(DeviceId from, const TraceDevice::Left& left);
  bool dead_way(DeviceId from, DeviceId to) const;

  NetworkSpec spec_;
  Routes routes_;
  const Topology& topology_;
  ArrivalHandler arrived_;
  std::vector<std::shared_ptr<const RateTrace>> traces_;  // by LinkId
  std::vector<ns3::Ptr<ns3::Socket>> listeners_;
  std::map<Pair, std::unique_ptr<Connection>> connections_;
  std::optional<CrossTrafficApps> cross_traffic_;
};

}  // namespace millrace
