#include "sim/ns3/delivery_rate.hpp"

#include <ns3/simulator.h>

#include <algorithm>

#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

Duration between(const ns3::Time& begin, const ns3::Time& end) {
  return Duration::ns((end - begin).GetNanoSeconds());
}

}  // namespace

ns3::TypeId DeliveryRate::GetTypeId() {
  static const ns3::TypeId type =
      ns3::TypeId("millrace::DeliveryRate").SetParent<ns3::TcpRateOps>().AddConstructor<DeliveryRate>();
  return type;
}

void DeliveryRate::begin(std::uint32_t lost) {
  packets_ = 0;
  prior_.reset();
  rtt_.reset();
  new_round_ = false;
  lost_before_ = lost;
}

void DeliveryRate::SkbSent(ns3::TcpTxItem* skb, bool isStartOfTransmission) {
  const auto now = ns3::Simulator::Now();
  if (isStartOfTransmission) connection_.m_firstSentTime = connection_.m_deliveredTime = now;
  auto& info = skb->GetRateInformation();
  info.m_firstSent = connection_.m_firstSentTime;
  info.m_deliveredTime = connection_.m_deliveredTime;
  info.m_delivered = delivered_;  // packets: only this class reads it
  info.m_isAppLimited = limited_until_ != 0;
  last_sent_ = Simulation::now();
}

void DeliveryRate::SkbDelivered(ns3::TcpTxItem* skb) {
  auto& info = skb->GetRateInformation();
  if (info.m_deliveredTime == ns3::Time::Max()) return;
  const auto now = ns3::Simulator::Now();
  const auto& sent = skb->GetLastSent();
  connection_.m_delivered += skb->GetSeqSize();
  connection_.m_deliveredTime = now;
  ++delivered_;
  ++packets_;
  // Sent again without need: it was the first one that arrived, and says nothing of the second. The least
  // round trip may have waited for a delayed acknowledgement, so a little less than it is believed.
  const bool first_arrived = skb->IsRetrans() && least_rtt_ && between(sent, now) < *least_rtt_ * 3 / 4;
  if (!first_arrived && (!prior_ || sent >= prior_->sent)) {
    prior_ = {info.m_delivered, sent, info.m_deliveredTime, between(info.m_firstSent, sent),
              info.m_isAppLimited};
    connection_.m_firstSentTime = sent;
    rtt_.reset();
    if (!skb->IsRetrans()) rtt_ = between(sent, now);
    if (rtt_ && (!least_rtt_ || *rtt_ < *least_rtt_)) least_rtt_ = rtt_;
  }
  if (!first_arrived && info.m_delivered >= next_round_) {
    next_round_ = delivered_;
    new_round_ = true;
  }
  if (limited_until_ != 0 && delivered_ > limited_until_) limited_until_ = 0;
  info.m_deliveredTime = ns3::Time::Max();
}

std::optional<Duration> DeliveryRate::interval() const {
  if (!prior_) return std::nullopt;
  const auto longer = std::max(prior_->sending, between(prior_->delivered_at, ns3::Simulator::Now()));
  if (least_rtt_ && longer < *least_rtt_) return std::nullopt;
  return longer;
}

void DeliveryRate::limit(double in_flight) {
  limited_until_ = std::max<std::uint64_t>(1, delivered_ + static_cast<std::uint64_t>(in_flight));
}

// For the socket's log; what is asked of this class is above.
const ns3::TcpRateOps::TcpRateSample& DeliveryRate::GenerateSample(std::uint32_t delivered,
                                                                   std::uint32_t lost, bool,
                                                                   std::uint32_t priorInFlight,
                                                                   const ns3::Time&) {
  sample_ = {};
  sample_.m_ackedSacked = delivered;
  sample_.m_bytesLoss = lost;
  sample_.m_priorInFlight = priorInFlight;
  return sample_;
}

}  // namespace millrace
