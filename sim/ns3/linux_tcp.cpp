#include "sim/ns3/linux_tcp.hpp"

#include <ns3/rtt-estimator.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "runtime/base/check.hpp"
#include "sim/ns3/simulation.hpp"
#include "sim/tcp/cubic.hpp"
#include "sim/tcp/reno.hpp"

namespace millrace {
namespace {

using State = ns3::TcpSocketState;

Duration duration_of(const ns3::Time& time) { return Duration::ns(time.GetNanoSeconds()); }

double in_packets(const State& state, std::uint32_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(state.m_segmentSize);
}

std::uint32_t in_bytes(const State& state, double packets) {
  return static_cast<std::uint32_t>(
      std::clamp(packets * static_cast<double>(state.m_segmentSize), static_cast<double>(state.m_segmentSize),
                 static_cast<double>(std::numeric_limits<std::int32_t>::max())));
}

constexpr int kMostTimesLost = 3;
// Linux: TCP_TIMEOUT_MIN.
constexpr Duration kLeastProbe = Duration::ms(2);

}  // namespace

ns3::Ptr<ns3::TcpCongestionOps> LinuxCongestionOps::Fork() { return ns3::CreateObject<ns3::TcpNewReno>(); }

WindowOps::WindowOps(const ns3::Ptr<DeliveryRate>& rate, std::unique_ptr<WindowAlgorithm> algorithm)
    : LinuxCongestionOps(rate), algorithm_(std::move(algorithm)) {}

void WindowOps::load(const State& state) {
  window_.size = std::floor(in_packets(state, state.m_cWnd));
  window_.threshold = in_packets(state, state.m_ssThresh);
}

void WindowOps::sends_again(State& state, Duration idle, Duration timeout) {
  algorithm_->sends_again(Simulation::now(), idle);
  if (idle <= timeout) return;
  load(state);
  window_.restart(idle, timeout);
  state.m_cWnd = in_bytes(state, window_.size);
  state.m_ssThresh = in_bytes(state, window_.threshold);
}

std::uint32_t WindowOps::GetSsThresh(ns3::Ptr<const State> state, std::uint32_t) {
  load(*state);
  window_.forget_credit();
  return in_bytes(*state, algorithm_->after_loss(window_));
}

void WindowOps::IncreaseWindow(ns3::Ptr<State> state, std::uint32_t) {
  load(*state);
  algorithm_->acknowledged(window_, {.now = Simulation::now(),
                                     .delivered = rate()->packets(),
                                     .rtt = rate()->rtt(),
                                     .limited = limited(),
                                     .new_round = rate()->new_round()});
  state->m_cWnd = in_bytes(*state, window_.size);
  state->m_ssThresh = in_bytes(*state, window_.threshold);
}

void WindowOps::CongestionStateSet(ns3::Ptr<State>, const State::TcpCongState_t next) {
  if (next == State::CA_LOSS) algorithm_->timed_out();
}

BbrOps::BbrOps(const ns3::Ptr<DeliveryRate>& rate, const Random& random, std::uint32_t headers)
    : LinuxCongestionOps(rate), bbr_(random), headers_(headers) {}

void BbrOps::Init(ns3::Ptr<State> state) { state->m_pacing = true; }

// Paced like Linux's, which counts headers in the rate but not in what it sends.
void BbrOps::apply(State& state) const {
  state.m_cWnd = in_bytes(state, bbr_.window());
  state.m_cWndInfl = state.m_cWnd;
  if (!bbr_.pacing()) return;
  const double bits = *bbr_.pacing() * static_cast<double>(state.m_segmentSize + headers_) * 8;
  state.m_pacingRate =
      std::min(ns3::DataRate(static_cast<std::uint64_t>(std::max(bits, 1.0))), state.m_maxPacingRate);
}

void BbrOps::connected(State& state, Duration round_trip) {
  bbr_.connected(Simulation::now(), round_trip);
  state.m_paceInitialWindow = true;
  apply(state);
}

void BbrOps::sends_again(State& state, Duration, Duration) {
  bbr_.sends_again(Simulation::now());
  apply(state);
}

std::uint32_t BbrOps::GetSsThresh(ns3::Ptr<const State> state, std::uint32_t) {
  bbr_.lost();
  return state->m_ssThresh;
}

void BbrOps::CongestionStateSet(ns3::Ptr<State>, const State::TcpCongState_t next) {
  if (next == State::CA_LOSS) bbr_.timed_out();
}

void BbrOps::CongControl(ns3::Ptr<State> state, const ns3::TcpRateOps::TcpRateConnection&,
                         const ns3::TcpRateOps::TcpRateSample& sample) {
  const auto& rate = *this->rate();
  DeliverySample seen{.now = Simulation::now(),
                      .acknowledged = rate.packets(),
                      .lost = in_packets(*state, lost_()),
                      .delivered = rate.delivered(),
                      .in_flight = in_packets(*state, state->m_bytesInFlight),
                      .in_flight_before = in_packets(*state, sample.m_priorInFlight),
                      .interval = rate.interval(),
                      .application_limited = rate.application_limited(),
                      .rtt = rate.rtt()};
  if (state->m_congState == State::CA_RECOVERY) seen.state = DeliverySample::State::recovery;
  if (state->m_congState == State::CA_LOSS) seen.state = DeliverySample::State::loss;
  if (seen.interval) {
    seen.delivered_before = rate.delivered_before();
    seen.sample = seen.delivered - seen.delivered_before;
  }
  bbr_.acknowledged(seen);
  if (bbr_.probes_rtt()) this->rate()->limit(seen.in_flight);
  apply(*state);
}

ns3::TypeId LinuxSocket::GetTypeId() {
  static const ns3::TypeId type =
      ns3::TypeId("millrace::LinuxSocket").SetParent<ns3::TcpSocketBase>().AddConstructor<LinuxSocket>();
  return type;
}

LinuxSocket::LinuxSocket() : rate_(ns3::CreateObject<DeliveryRate>()) { m_rateOps = rate_; }

// A connection of cross traffic that is closed goes before its timers are due.
LinuxSocket::~LinuxSocket() {
  rack_.Cancel();
  probe_.Cancel();
}

void LinuxSocket::set_congestion_control(const std::string& name, std::uint64_t seed, std::string_view stream,
                                         std::uint32_t headers) {
  if (name == "bbr") {
    const auto bbr = ns3::CreateObject<BbrOps>(rate_, Random(seed, stream), headers);
    bbr->set_lost([this] {
      const auto lost = m_txBuffer->GetLost();
      return lost > rate_->lost_before() ? lost - rate_->lost_before() : 0;
    });
    control_ = bbr;
  } else {
    MR_CHECK(name == "cubic" || name == "reno", "no such congestion control here");
    std::unique_ptr<WindowAlgorithm> algorithm = std::make_unique<Cubic>();
    if (name == "reno") algorithm = std::make_unique<Reno>();
    control_ = ns3::CreateObject<WindowOps>(rate_, std::move(algorithm));
  }
  SetCongestionControlAlgorithm(control_);
}

int LinuxSocket::Connect(const ns3::Address& address) {
  opened_ = ns3::Simulator::Now();
  return TcpSocketBase::Connect(address);
}

// The application had nothing to send (tcp_rate_check_app_limited, when it sends again).
void LinuxSocket::note_pause() {
  const auto left = m_txBuffer->TailSequence() - m_tcb->m_nextTxSequence.Get();
  const auto out = BytesInFlight();
  if (left < static_cast<std::int32_t>(m_tcb->m_segmentSize) && out < m_tcb->m_cWnd &&
      m_txBuffer->GetLost() <= m_txBuffer->GetRetransmitsCount())
    rate_->limit(in_packets(*m_tcb, out));
}

int LinuxSocket::Send(ns3::Ptr<ns3::Packet> packet, std::uint32_t flags) {
  if (m_state == ESTABLISHED) note_pause();
  if (m_state == ESTABLISHED && m_txBuffer->Size() == 0) {
    if (rate_->last_sent())
      control_->sends_again(*m_tcb, Simulation::now() - *rate_->last_sent(), duration_of(m_rto));
    else if (round_trip_)
      control_->connected(*m_tcb, *round_trip_);
  }
  return TcpSocketBase::Send(packet, flags);
}

void LinuxSocket::ReceivedAck(ns3::Ptr<ns3::Packet> packet, const ns3::TcpHeader& header) {
  rate_->begin(m_txBuffer->GetLost());
  TcpSocketBase::ReceivedAck(packet, header);
  sent_.erase(sent_.begin(), sent_.lower_bound(m_txBuffer->HeadSequence()));
  if (rate_->sent()) {
    latest_sent_ = std::max(latest_sent_, *rate_->sent());
    latest_rtt_ = ns3::Simulator::Now() - *rate_->sent();
  }
  find_losses();
  watch_the_tail();
}

// Linux finds losses by time (RACK, RFC 8985): the first packet that is not acknowledged is lost when one
// that was sent later has arrived and a little more time than its round trip has passed. ns-3 waits for three
// packets that arrived, and for the time-out where what was sent again is lost again.
void LinuxSocket::find_losses() {
  const auto head = sent_.find(m_txBuffer->HeadSequence());
  if (head == sent_.end() || latest_sent_ <= head->second) return;
  const auto state = m_tcb->m_congState.Get();
  // Nothing was sent after the packet that arrived: all that is missing is lost.
  const bool all = last_sent_ <= latest_sent_;
  if (state == State::CA_RECOVERY || state == State::CA_LOSS) {
    if (all)
      m_txBuffer->SetSentListLost(false);
    else
      m_txBuffer->MarkHeadAsLost();
    latest_sent_ = head->second;  // found once for each time it is sent
    slow_down_if_lost_again(head->first);
    SendPendingData(m_connected);
    return;
  }
  if (state != State::CA_DISORDER || !rate_->least_rtt()) return;
  const auto patience = ns3::Min(to_ns3(*rate_->least_rtt() / 4), m_rtt->GetEstimate() / 8);
  const auto due = head->second + latest_rtt_ + patience;
  if (due > ns3::Simulator::Now()) {
    rack_.Cancel();
    rack_ = ns3::Simulator::Schedule(due - ns3::Simulator::Now(), &LinuxSocket::find_losses, this);
    return;
  }
  if (all) m_txBuffer->SetSentListLost(false);
  EnterRecovery(0);
  SendPendingData(m_connected);
}

// What is lost three times has met a full queue in the same phase each time, a device's own for instance. It
// is a sign of congestion again (RFC 5681, section 4.3).
void LinuxSocket::slow_down_if_lost_again(const ns3::SequenceNumber32& head) {
  if (head != lost_head_) {
    lost_head_ = head;
    times_lost_ = 0;
  }
  if (++times_lost_ < kMostTimesLost) return;
  times_lost_ = 0;
  m_tcb->m_ssThresh = std::max(2 * m_tcb->m_segmentSize, m_tcb->m_ssThresh.Get() / 2);
  m_tcb->m_cWnd = std::min(m_tcb->m_cWnd.Get(), m_tcb->m_ssThresh.Get());
}

// A probe of the last packet (tail loss probe, RFC 8985, section 7): its acknowledgement shows what is lost
// before it, long before the time-out.
void LinuxSocket::watch_the_tail() {
  probe_.Cancel();
  const auto state = m_tcb->m_congState.Get();
  const auto head = sent_.find(m_txBuffer->HeadSequence());
  if (state != State::CA_OPEN || head == sent_.end() || m_rtt->GetNSamples() == 0) return;
  const bool one = sent_.size() == 1;
  const auto wait = m_rtt->GetEstimate() * 2 + (one ? GetMinRto() : to_ns3(kLeastProbe));
  if (wait >= m_rto.Get()) return;
  probe_ = ns3::Simulator::Schedule(wait, &LinuxSocket::probe, this);
}

void LinuxSocket::probe() {
  if (m_state != ESTABLISHED || sent_.empty() || m_tcb->m_congState != State::CA_OPEN) return;
  SendDataPacket(sent_.rbegin()->first, m_tcb->m_segmentSize, true);
  restart_timer();
}

// RFC 6298 rounds four times the deviation up to the clock, and the sum up to the least time-out; Linux
// rounds the deviation up to the least time-out (tcp_set_rto, tcp_rtt_estimator).
void LinuxSocket::EstimateRtt(const ns3::TcpHeader& header) {
  if (m_state == SYN_SENT && ns3::Simulator::Now() - opened_ < GetConnTimeout())
    round_trip_ = duration_of(ns3::Simulator::Now() - opened_);
  const auto before = m_rtt->GetNSamples();
  TcpSocketBase::EstimateRtt(header);
  if (m_rtt->GetNSamples() != before)
    m_rto = m_rtt->GetEstimate() + ns3::Max(m_rtt->GetVariation() * 4, GetMinRto());
}

std::uint32_t LinuxSocket::SendDataPacket(ns3::SequenceNumber32 sequence, std::uint32_t most, bool with_ack) {
  const bool again = sequence < m_tcb->m_highTxMark;
  const auto sent = TcpSocketBase::SendDataPacket(sequence, most, with_ack);
  sent_[sequence] = last_sent_ = ns3::Simulator::Now();
  if (again && sequence == m_txBuffer->HeadSequence()) restart_timer();
  if (!again) watch_the_tail();
  validate_window();
  return sent;
}

// What is sent again has its whole time-out to be acknowledged (tcp_xmit_retransmit_queue); in ns-3 the timer
// goes on that was set when the last acknowledgement came.
void LinuxSocket::restart_timer() {
  m_retxEvent.Cancel();
  m_retxEvent = ns3::Simulator::Schedule(m_rto, &LinuxSocket::ReTxTimeout, this);
}

void LinuxSocket::validate_window() {
  const auto out = BytesInFlight();
  const bool limited = out + m_tcb->m_segmentSize > m_tcb->m_cWnd;
  if (m_txBuffer->HeadSequence() >= window_end_ || limited || (!window_limited_ && out > most_out_)) {
    window_limited_ = limited;
    most_out_ = out;
    window_end_ = m_tcb->m_highTxMark;
  }
  const bool grows = m_tcb->m_cWnd < m_tcb->m_ssThresh && m_tcb->m_cWnd < 2 * most_out_;
  control_->set_limited(window_limited_ || grows);
}

}  // namespace millrace
