// What the layers below the application add, stated once for all networks: a message travels in packets of at
// most the MTU, each with the headers of its transport. Link-layer overhead is 0, so a link's rate is its
// rate at the IP layer, as the recorded traces measured it.
#pragma once

#include "sim/net/network_spec.hpp"

namespace millrace {

class Framing {
 public:
  // IPv4 (20) and TCP (20) without options.
  static constexpr Bytes kRawHeader = Bytes(40);
  // The same with the timestamp option and its padding (12), as Linux and ns-3 send by default (RFC 7323).
  static constexpr Bytes kTcpHeader = Bytes(52);
  // Preamble, header, check sequence and gap of Ethernet, around a packet.
  static constexpr Bytes kEthernetFrame = Bytes(38);
  // IPv4 must carry packets of 68 bytes (RFC 791); much less would leave no room for the payload.
  static constexpr Bytes kMinMtu = Bytes(68);
  static constexpr Bytes kMaxMtu = Bytes(65'535);

  // REQUIRES kMinMtu <= mtu.
  constexpr Framing(Transport transport, Bytes mtu)
      : mtu_(mtu), header_(transport == Transport::raw ? kRawHeader : kTcpHeader) {}

  constexpr Bytes header() const { return header_; }
  constexpr Bytes payload() const { return mtu_ - header_; }  // of a full packet
  constexpr std::int64_t packets(Bytes message) const {
    return (message.count() + payload().count() - 1) / payload().count();
  }
  // What the message occupies on the wire, without TCP's acknowledgements on the way back.
  constexpr Bytes wire_size(Bytes message) const { return message + header_ * packets(message); }
  constexpr Bytes first_packet(Bytes message) const {
    return (message < payload() ? message : payload()) + header_;
  }
  constexpr Bytes last_packet(Bytes message) const {
    return message - payload() * (packets(message) - 1) + header_;
  }

 private:
  Bytes mtu_, header_;
};

}  // namespace millrace
