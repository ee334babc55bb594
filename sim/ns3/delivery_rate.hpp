// What a sender learns from each acknowledgement, as Linux does (net/ipv4/tcp_rate.c;
// draft-cheng-iccrg-delivery- rate-estimation-00): packets newly delivered, the exact round trip, and the
// rate of delivery. ns-3's own class (TcpRateLinux) forgets to begin anew after a sample that it rejects, and
// its bandwidth then falls to nothing. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/tcp-rate-ops.h>
#include <ns3/tcp-tx-buffer.h>
#include <ns3/tcp-tx-item.h>

#include <cstdint>
#include <optional>

#include "runtime/base/time.hpp"

namespace millrace {

class DeliveryRate final : public ns3::TcpRateOps {
 public:
  static ns3::TypeId GetTypeId();

  // An acknowledgement is about to be processed. `lost`: bytes taken for lost so far.
  void begin(std::uint32_t lost);

  // Of the acknowledgement under way: packets newly delivered, and the round trip of the packet sent last
  // among them, if it was sent only once.
  double packets() const { return static_cast<double>(packets_); }
  const std::optional<Duration>& rtt() const { return rtt_; }
  const std::optional<Duration>& least_rtt() const { return least_rtt_; }
  // When the packet was sent that was sent last among those delivered by it.
  std::optional<ns3::Time> sent() const { return prior_ ? std::optional(prior_->sent) : std::nullopt; }
  // It covers a packet that was sent after the one that began the last round.
  bool new_round() const { return new_round_; }

  double delivered() const { return static_cast<double>(delivered_); }  // packets, in all
  double delivered_before() const { return static_cast<double>(prior_->delivered); }
  // Nothing: no packet was delivered, or the time is shorter than a round trip can be.
  std::optional<Duration> interval() const;
  bool application_limited() const { return prior_ && prior_->limited; }
  // From now on until what is in flight has been delivered, samples say how much was asked of the link, not
  // what it can carry.
  void limit(double in_flight);
  std::uint32_t lost_before() const { return lost_before_; }
  // When data was last sent.
  const std::optional<Time>& last_sent() const { return last_sent_; }

  void SkbSent(ns3::TcpTxItem* skb, bool isStartOfTransmission) override;
  void SkbDelivered(ns3::TcpTxItem* skb) override;
  // Asked by ns-3 when it has taken what the application sends, and so too late.
  void CalculateAppLimited(std::uint32_t, std::uint32_t, std::uint32_t, const ns3::SequenceNumber32&,
                           const ns3::SequenceNumber32&, const std::uint32_t, const std::uint32_t) override {}
  const TcpRateSample& GenerateSample(std::uint32_t delivered, std::uint32_t lost, bool is_sack_reneg,
                                      std::uint32_t priorInFlight, const ns3::Time& minRtt) override;
  const TcpRateConnection& GetConnectionRate() override { return connection_; }

 private:
  // Of the packet sent last among those that this acknowledgement delivers.
  struct Prior {
    std::uint64_t delivered;
    ns3::Time sent, delivered_at;
    Duration sending;  // from the packet that was sent first in its flight
    bool limited;
  };

  TcpRateConnection connection_;  // bytes, which the socket itself asks for
  TcpRateSample sample_;
  std::uint64_t delivered_ = 0, limited_until_ = 0, next_round_ = 0, packets_ = 0;
  std::optional<Prior> prior_;
  std::optional<Duration> rtt_, least_rtt_;
  std::optional<Time> last_sent_;
  std::uint32_t lost_before_ = 0;
  bool new_round_ = false;
};

}  // namespace millrace
