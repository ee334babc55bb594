// Our NetDevice: one end of a point-to-point link whose sending side follows a rate trace or a Mahimahi
// schedule exactly (LinkServer), also in mid-packet and across outages, where ns-3's own device fixes the
// rate when the first bit leaves. No link-layer header, no ARP. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/channel.h>
#include <ns3/ipv4-address.h>
#include <ns3/mac48-address.h>
#include <ns3/net-device-queue-interface.h>
#include <ns3/net-device.h>
#include <ns3/node.h>
#include <ns3/packet.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "runtime/base/random.hpp"
#include "sim/net/link_sender.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/ns3/link_tap.hpp"

namespace millrace {

class TraceDevice : public ns3::NetDevice {
 public:
  // The sending side. repeats_lost: a lost packet is sent again at once (link-layer ARQ) instead of dropped.
  struct Sender {
    LinkRate rate;
    Scheduled<Duration> delay;
    Bytes queue;
    Scheduled<double> loss = 0.0;
    std::optional<GilbertElliott> loss_model{};  // replaces `loss` until its first change
    Bytes overhead{};                            // of layer 2: takes time, does not count in the queue
    bool repeats_lost = false;
    Random random{0, ""};
  };
  // A packet whose last bit has just left for the last time (or was then lost, without ARQ).
  struct Left {
    ns3::Ptr<const ns3::Packet> packet;
    std::uint16_t protocol;
    Time first_bit;  // of its first attempt
  };

  static ns3::TypeId GetTypeId();

  // Both ends of a link know each other; an end without a sender only receives.
  static void join(const ns3::Ptr<TraceDevice>& a, const ns3::Ptr<TraceDevice>& b);
  void set_sender(Sender sender);
  // While it is on, a packet arrives after the delay of time 0, whatever the rate, the queue and the losses:
  // the connections of a plan are opened before time 0. A capture has it at time 0, a meter not at all.
  void set_before_start(bool on) { before_start_ = on; }
  // From now on the device holds only the packet it sends, and stops and wakes the queue of a queue
  // discipline above it. REQUIRES `queue` to live as long as this.
  void hold_back(ns3::NetDeviceQueue* queue);
  // TCP data from this address, the device's own, waits in a SmallQueues without limit: a host does not drop
  // its own data or acknowledgements, and does not send data again that has not left yet. Forwarded packets
  // are dropped at the full queue.
  void wait_for(ns3::Ipv4Address own) { own_ = own; }
  void on_left(std::function<void(const Left&)> handler) { on_left_ = std::move(handler); }
  // Called when a packet has left and the next one, if any, has started: the moment to fill the queue again.
  void on_room(std::function<void()> handler) { on_room_ = std::move(handler); }

  // The tap is told of all that passes; may be null, outlives this.
  void set_tap(LinkTap* tap) { tap_ = tap; }
  LinkTap* tap() const { return tap_; }

  // Whether Send() would take a packet of that size without dropping. The packet being sent is not in the
  // queue.
  bool fits(Bytes size) const;
  std::uint64_t dropped() const { return dropped_; }  // at the full queue
  std::uint64_t lost() const { return lost_; }        // on the way, every attempt counted

  // Send() for a packet that has been waiting for room in the queue since `since`. REQUIRES fits().
  bool send_waiting(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since);
  bool Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& to, std::uint16_t protocol) override;
  bool SendFrom(ns3::Ptr<ns3::Packet>, const ns3::Address&, const ns3::Address&, std::uint16_t) override {
    return false;  // see SupportsSendFrom()
  }
  void SetIfIndex(std::uint32_t index) override { index_ = index; }
  std::uint32_t GetIfIndex() const override { return index_; }
  ns3::Ptr<ns3::Channel> GetChannel() const override { return nullptr; }
  void SetAddress(ns3::Address address) override { address_ = ns3::Mac48Address::ConvertFrom(address); }
  ns3::Address GetAddress() const override { return address_; }
  bool SetMtu(std::uint16_t mtu) override { return mtu_ = mtu, true; }
  std::uint16_t GetMtu() const override { return mtu_; }
  bool IsLinkUp() const override { return true; }
  void AddLinkChangeCallback(ns3::Callback<void>) override {}
  bool IsBroadcast() const override { return false; }
  ns3::Address GetBroadcast() const override { return ns3::Mac48Address::GetBroadcast(); }
  bool IsMulticast() const override { return false; }
  ns3::Address GetMulticast(ns3::Ipv4Address) const override { return ns3::Mac48Address::GetBroadcast(); }
  ns3::Address GetMulticast(ns3::Ipv6Address) const override { return ns3::Mac48Address::GetBroadcast(); }
  bool IsBridge() const override { return false; }
  bool IsPointToPoint() const override { return true; }
  ns3::Ptr<ns3::Node> GetNode() const override { return node_; }
  void SetNode(ns3::Ptr<ns3::Node> node) override { node_ = node; }
  bool NeedsArp() const override { return false; }
  void SetReceiveCallback(ReceiveCallback callback) override { receive_ = callback; }
  void SetPromiscReceiveCallback(PromiscReceiveCallback callback) override { promiscuous_ = callback; }
  bool SupportsSendFrom() const override { return false; }

 protected:
  void DoDispose() override;

 private:
  struct Held {
    ns3::Ptr<ns3::Packet> packet;
    std::uint16_t protocol;
  };

  using Offer = LinkSender<Held>::Offer;
  Offer offer(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since,
              const std::optional<TcpSegment>& own);
  void began();
  void finish();
  std::optional<TcpSegment> own_segment(const ns3::Packet& packet, std::uint16_t protocol) const;
  void receive(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol);

  std::optional<ns3::Ipv4Address> own_;
  std::optional<LinkSender<Held>> sender_;
  ns3::NetDeviceQueue* above_ = nullptr;
  LinkTap* tap_ = nullptr;
  std::function<void(const Left&)> on_left_;
  std::function<void()> on_room_;
  std::uint64_t dropped_ = 0, lost_ = 0;
  Duration first_delay_;  // at time 0
  bool before_start_ = false;

  TraceDevice* peer_ = nullptr;  // lives as long as the simulation, as this does
  ns3::Ptr<ns3::Node> node_;
  std::uint32_t index_ = 0;
  std::uint16_t mtu_ = 1500;
  ns3::Mac48Address address_;
  ReceiveCallback receive_;
  PromiscReceiveCallback promiscuous_;
};

}  // namespace millrace
