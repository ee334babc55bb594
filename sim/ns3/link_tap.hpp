// Reports what passes one link to the meter and to a capture. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/packet.h>

#include <functional>
#include <memory>
#include <optional>

#include "sim/net/link_meter.hpp"
#include "sim/net/link_server.hpp"
#include "sim/net/pcap_file.hpp"

namespace millrace {

class LinkTap {
 public:
  // Makes the first bytes of a packet that is only a size; not needed for packets with headers of their own.
  using Header = std::function<BareHeader(const ns3::Packet&)>;

  // `meter` may be null and outlives this.
  LinkTap(LinkId link, LinkMeter* meter, std::optional<PcapFile> pcap)
      : link_(link), meter_(meter), pcap_(std::move(pcap)) {}

  void headers(Header header) { header_ = std::move(header); }

  void offered(Bytes size);
  void dropped(Bytes size);
  // For Wi-Fi, which reports attempts and their outcomes separately: an attempt has left now; its outcome.
  void attempted(const ns3::Packet& packet);
  void delivered(Bytes size);
  void lost(Bytes size);
  // One attempt is over now. `again`: the packet was lost and is sent again at once.
  struct Attempt {
    bool lost = false, again = false;
  };
  void sent(const ns3::Packet& packet, const LinkServer::Service& service, Attempt attempt);
  // Only for the capture.
  void capture(const ns3::Packet& packet, Time now);

 private:
  LinkId link_;
  LinkMeter* meter_;
  std::optional<PcapFile> pcap_;
  Header header_;
};

}  // namespace millrace
