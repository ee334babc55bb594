// Tells what passes one link to who wants to know: the meter, a capture. Private to this folder: it includes
// ns-3.
#pragma once

#include <ns3/packet.h>

#include <functional>
#include <memory>
#include <optional>

#include "sim/net/link_meter.hpp"
#include "sim/net/link_server.hpp"
#include "sim/ns3/pcap_file.hpp"

namespace millrace {

class LinkTap {
 public:
  // The first bytes of a packet that is only a size; packets that have their own headers need none.
  using Header = std::function<BareHeader(const ns3::Packet&)>;

  // `meter` may be null and outlives this.
  LinkTap(LinkId link, LinkMeter* meter, std::optional<PcapFile> pcap)
      : link_(link), meter_(meter), pcap_(std::move(pcap)) {}

  void headers(Header header) { header_ = std::move(header); }

  void offered(Bytes size);
  void dropped(Bytes size);
  // Where attempts and their outcome are known apart (Wi-Fi): an attempt has left, now; what became of it.
  void attempted(const ns3::Packet& packet);
  void delivered(Bytes size);
  void lost(Bytes size);
  // One attempt is over, now. `again`: it was lost and follows again at once.
  struct Attempt {
    bool lost = false, again = false;
  };
  void sent(const ns3::Packet& packet, const LinkServer::Service& service, Attempt attempt);

 private:
  void capture(const ns3::Packet& packet, Time now);
  LinkId link_;
  LinkMeter* meter_;
  std::optional<PcapFile> pcap_;
  Header header_;
};

}  // namespace millrace
