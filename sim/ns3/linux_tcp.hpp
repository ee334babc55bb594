// A sender's TCP socket of ns-3 that behaves as Linux's where ns-3's does not: congestion control from
// sim/tcp, which counts packets newly delivered (ns-3 counts what it had counted before once more when a
// recovery ends), the window restarted after a pause, losses found by time (RACK) and by a probe of the tail,
// and the retransmission time-out with Linux's least variance. Recovery (SACK, proportional rate reduction)
// is ns-3's. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/tcp-congestion-ops.h>
#include <ns3/tcp-socket-base.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sim/net/network_spec.hpp"
#include "sim/ns3/delivery_rate.hpp"
#include "sim/tcp/bbr.hpp"
#include "sim/tcp/congestion_window.hpp"

namespace millrace {

// What the socket tells a congestion control beyond ns-3's interface.
class LinuxCongestionOps : public ns3::TcpCongestionOps {
 public:
  explicit LinuxCongestionOps(const ns3::Ptr<DeliveryRate>& rate) : rate_(rate) {}

  // Something is to be sent for the first time; the handshake took a round trip of so long.
  virtual void connected(ns3::TcpSocketState& state, Duration round_trip) {
    (void)state;
    (void)round_trip;
  }
  // Something is to be sent after nothing was in flight for so long. `timeout`: the retransmission time-out.
  virtual void sends_again(ns3::TcpSocketState& state, Duration idle, Duration timeout) = 0;
  // Whether the window kept the sender from sending more, as of the last packet sent.
  void set_limited(bool limited) { limited_ = limited; }

  // Of the end that accepts a connection, which sends nothing here.
  ns3::Ptr<ns3::TcpCongestionOps> Fork() override;

 protected:
  const ns3::Ptr<DeliveryRate>& rate() const { return rate_; }
  bool limited() const { return limited_; }

 private:
  ns3::Ptr<DeliveryRate> rate_;
  bool limited_ = false;
};

// Reno and CUBIC.
class WindowOps final : public LinuxCongestionOps {
 public:
  WindowOps(const ns3::Ptr<DeliveryRate>& rate, std::unique_ptr<WindowAlgorithm> algorithm);

  void connected(ns3::TcpSocketState&, Duration round_trip) override { algorithm_->connected(round_trip); }
  void sends_again(ns3::TcpSocketState& state, Duration idle, Duration timeout) override;
  std::string GetName() const override { return "millrace::WindowOps"; }
  std::uint32_t GetSsThresh(ns3::Ptr<const ns3::TcpSocketState> state, std::uint32_t in_flight) override;
  void IncreaseWindow(ns3::Ptr<ns3::TcpSocketState> state, std::uint32_t segments) override;
  void CongestionStateSet(ns3::Ptr<ns3::TcpSocketState> state,
                          const ns3::TcpSocketState::TcpCongState_t next) override;

 private:
  void load(const ns3::TcpSocketState& state);

  std::unique_ptr<WindowAlgorithm> algorithm_;
  CongestionWindow window_;
};

class BbrOps final : public LinuxCongestionOps {
 public:
  // `headers`: bytes of IP and TCP per packet; Linux paces by what a packet takes on the link.
  BbrOps(const ns3::Ptr<DeliveryRate>& rate, const Random& random, std::uint32_t headers);

  void connected(ns3::TcpSocketState& state, Duration round_trip) override;
  void sends_again(ns3::TcpSocketState& state, Duration idle, Duration timeout) override;
  std::string GetName() const override { return "millrace::BbrOps"; }
  void Init(ns3::Ptr<ns3::TcpSocketState> state) override;
  std::uint32_t GetSsThresh(ns3::Ptr<const ns3::TcpSocketState> state, std::uint32_t in_flight) override;
  void IncreaseWindow(ns3::Ptr<ns3::TcpSocketState>, std::uint32_t) override {}
  void CongestionStateSet(ns3::Ptr<ns3::TcpSocketState> state,
                          const ns3::TcpSocketState::TcpCongState_t next) override;
  bool HasCongControl() const override { return true; }
  void CongControl(ns3::Ptr<ns3::TcpSocketState> state, const ns3::TcpRateOps::TcpRateConnection& connection,
                   const ns3::TcpRateOps::TcpRateSample& sample) override;
  // Packets taken for lost since the acknowledgement under way began; told by the socket.
  void set_lost(std::function<std::uint32_t()> lost) { lost_ = std::move(lost); }

 private:
  void apply(ns3::TcpSocketState& state) const;

  Bbr bbr_;
  std::uint32_t headers_;
  std::function<std::uint32_t()> lost_;
};

class LinuxSocket final : public ns3::TcpSocketBase {
 public:
  static ns3::TypeId GetTypeId();
  LinuxSocket();
  ~LinuxSocket() override;
  LinuxSocket(const LinuxSocket&) = delete;
  LinuxSocket& operator=(const LinuxSocket&) = delete;

  // REQUIRES a name of linux_congestion_controls(). `stream` names the random numbers of this connection.
  void set_congestion_control(const std::string& name, std::uint64_t seed, std::string_view stream,
                              std::uint32_t headers);

  int Connect(const ns3::Address& address) override;
  int Send(ns3::Ptr<ns3::Packet> packet, std::uint32_t flags) override;

 protected:
  void ReceivedAck(ns3::Ptr<ns3::Packet> packet, const ns3::TcpHeader& header) override;
  void EstimateRtt(const ns3::TcpHeader& header) override;
  std::uint32_t SendDataPacket(ns3::SequenceNumber32 sequence, std::uint32_t most, bool with_ack) override;

 private:
  void note_pause();
  void find_losses();
  void slow_down_if_lost_again(const ns3::SequenceNumber32& head);
  void watch_the_tail();
  void probe();
  void restart_timer();
  void validate_window();

  ns3::Ptr<DeliveryRate> rate_;
  ns3::Ptr<LinuxCongestionOps> control_;
  ns3::Time opened_;                                 // the first attempt to connect
  std::optional<Duration> round_trip_;               // of the handshake, if that attempt succeeded
  std::map<ns3::SequenceNumber32, ns3::Time> sent_;  // not acknowledged packets: when each was sent last
  ns3::Time last_sent_;
  ns3::Time latest_sent_, latest_rtt_;  // of the packet sent last among those that have arrived
  ns3::EventId rack_, probe_;
  ns3::SequenceNumber32 lost_head_{0};
  int times_lost_ = 0;
  // Linux: tcp_cwnd_validate.
  bool window_limited_ = false;
  std::uint32_t most_out_ = 0;  // bytes in flight, at most, in the current window
  ns3::SequenceNumber32 window_end_{0};
};

}  // namespace millrace
