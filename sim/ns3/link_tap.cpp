#include "sim/ns3/link_tap.hpp"

#include "sim/ns3/simulation.hpp"

namespace millrace {

void LinkTap::offered(Bytes size) {
  if (meter_ != nullptr) meter_->offered(link_, Simulation::now(), size);
}

void LinkTap::dropped(Bytes size) {
  if (meter_ != nullptr) meter_->dropped(link_, Simulation::now(), size);
}

void LinkTap::sent(const ns3::Packet& packet, const LinkServer::Service& service, Attempt attempt) {
  const Time now = Simulation::now();
  const Bytes size(packet.GetSize());
  if (meter_ != nullptr) {
    if (service.begin < service.end)
      meter_->carried(link_, service.begin, service.end, Bytes());
    else
      meter_->carried_at(link_, now, size);
    if (!attempt.lost) meter_->delivered(link_, now, size);
    if (attempt.lost && !attempt.again) meter_->lost(link_, now, size);
  }
  capture(packet, now);
}

void LinkTap::attempted(const ns3::Packet& packet) {
  const Time now = Simulation::now();
  if (meter_ != nullptr) meter_->carried_at(link_, now, Bytes(packet.GetSize()));
  capture(packet, now);
}

void LinkTap::delivered(Bytes size) {
  if (meter_ != nullptr) meter_->delivered(link_, Simulation::now(), size);
}

void LinkTap::lost(Bytes size) {
  if (meter_ != nullptr) meter_->lost(link_, Simulation::now(), size);
}

void LinkTap::capture(const ns3::Packet& packet, Time now) {
  const Bytes size(packet.GetSize());
  if (!pcap_) return;
  if (header_) return pcap_->add(now, header_(packet), size);
  std::array<std::byte, PcapFile::kLongest> head;
  const auto kept = packet.CopyData(reinterpret_cast<std::uint8_t*>(head.data()), head.size());
  pcap_->add(now, std::span(head).first(kept), size);
}

}  // namespace millrace
