// Bare packets over the links of a route: no congestion control and no drops. A packet that does not fit a
// device's queue waits in the device's node (also in intermediate nodes); a link repeats a lost packet at
// once.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "sim/net/framing.hpp"
#include "sim/net/routes.hpp"
#include "sim/ns3/carrier.hpp"
#include "sim/ns3/topology.hpp"

namespace millrace {

class RawCarrier final : public Carrier {
 public:
  // `topology` outlives this and its devices' handlers become ours.
  RawCarrier(const NetworkSpec& spec, const Topology& topology, ArrivalHandler arrived);

  void carry(std::uint64_t order, const Transfer& transfer) override;
  bool settles() const override { return true; }  // no timers
  bool hopeless(DeviceId, DeviceId) const override { return false; }

 private:
  // Waits for a link: either a transfer with `unsent` bytes still to be cut into packets, or a packet.
  struct Waiting {
    std::uint64_t order = 0;
    Bytes unsent;
    ns3::Ptr<ns3::Packet> forwarded;
    Time since;
  };
  struct Flight {
    DeviceId from, to;
    Bytes unarrived;
    LinkId first_link;
    std::optional<Time> first_bit;
    Time last_bit;
  };

  void enqueue(LinkId link, Waiting waiting);
  BareHeader header_of(const ns3::Packet& packet) const;
  void fill(LinkId link);
  ns3::Ptr<ns3::Packet> next_packet(const Waiting& waiting) const;
  void left(LinkId link, const TraceDevice::Left& left);
  bool received(DeviceId at, const ns3::Packet& packet);

  Framing framing_;
  Routes routes_;
  const Topology& topology_;
  ArrivalHandler arrived_;
  std::vector<std::deque<Waiting>> waiting_;  // by LinkId
  std::unordered_map<std::uint64_t, Flight> flights_;
};

}  // namespace millrace
