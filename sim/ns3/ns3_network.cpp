#include "sim/ns3/ns3_network.hpp"

#include <fmt/ranges.h>
#include <ns3/rng-seed-manager.h>

#include <algorithm>
#include <map>

#include "sim/net/network_check.hpp"
#include "sim/net/pull_watch.hpp"
#include "sim/ns3/raw_carrier.hpp"
#include "sim/ns3/simulation.hpp"
#include "sim/ns3/tcp_carrier.hpp"

namespace millrace {
namespace {

// How far run_until(never) looks ahead before it asks whether anything can still arrive.
constexpr Duration kLookAhead = Duration::s(3600);

class Ns3Network final : public Network {
 public:
  Ns3Network(const NetworkSpec& spec, const NetworkTaps& taps, std::unique_ptr<Simulation> simulation,
             Topology topology)
      : simulation_(std::move(simulation)), routes_(spec), topology_(std::move(topology)), watch_(taps) {
    const auto arrived = [this](const Arrival& arrival) { arrive(arrival); };
    if (spec.transport == Transport::raw)
      carrier_ = std::make_unique<RawCarrier>(spec, topology_, arrived);
    else
      carrier_ = std::make_unique<TcpCarrier>(spec, topology_, arrived);
    if (!watch_.listens()) return;
    Simulation::listen([this](Time due) {
      if (!watch_.ends_at(due)) return;
      ended_early_ = true;
      Simulation::halt();
    });
  }

  ~Ns3Network() override {
    for (const auto& sender : topology_.senders)
      if (sender) sender->set_tap(nullptr);  // devices outlive their taps for a moment
  }

  void submit(Time depart, const Transfer& transfer) override;
  std::optional<Delivery> run_until(Time limit) override;
  Time now() const override { return now_; }
  Time next_event() const override { return arrived_.empty() ? Simulation::next_event() : now_; }

 private:
  struct Flight {
    Transfer transfer;
    Time submitted;
  };
  void arrive(const Arrival& arrival);
  bool all_hopeless() const;
  void run_out();

  std::unique_ptr<Simulation> simulation_;  // declared first: it owns what the others point to
  Routes routes_;
  Topology topology_;
  std::unique_ptr<Carrier> carrier_;
  std::map<std::uint64_t, Flight> flights_;  // under way, by order of submission
  // Deliveries of one instant, not handed out yet: by departure, then by order of submission.
  std::map<std::pair<Time, std::uint64_t>, Delivery> arrived_;
  std::uint64_t submitted_ = 0;
  PullWatch watch_;
  bool ended_early_ = false;  // the taps have ended this pull
  Time now_;                  // the simulator's own clock may be 1 ns behind: it stops short of a limit
};

void Ns3Network::submit(Time depart, const Transfer& transfer) {
  MR_CHECK(depart >= now_ && depart <= RateTrace::kHorizon, "a transfer departs now or later");
  MR_CHECK(transfer.from != transfer.to && transfer.size > Bytes(0));
  MR_CHECK(routes_.next(transfer.from, transfer.to).has_value(), "a transfer needs a route");
  const std::uint64_t order = submitted_++;
  flights_.emplace(order, Flight{transfer, depart});
  Simulation::at(depart, [this, order, transfer] { carrier_->carry(order, transfer); });
}

void Ns3Network::arrive(const Arrival& arrival) {
  const auto found = flights_.find(arrival.order);
  MR_CHECK(found != flights_.end());
  const Flight& flight = found->second;
  const Time at = Simulation::now();
  arrived_.emplace(std::pair(flight.submitted, arrival.order),
                   Delivery{.id = flight.transfer.id,
                            .at = at,
                            .queued = arrival.first_bit - flight.submitted,
                            .wire = arrival.last_bit - arrival.first_bit,
                            .propagation = at - arrival.last_bit});
  flights_.erase(found);
  Simulation::halt();
}

std::optional<Delivery> Ns3Network::run_until(Time limit) {
  MR_CHECK(limit >= now_, "a network does not run backwards");
  if (limit == now_) return std::nullopt;
  ended_early_ = false;
  if (arrived_.empty() && limit != Time::never()) Simulation::run_before(limit);
  if (arrived_.empty() && limit == Time::never()) run_out();
  if (arrived_.empty()) {
    now_ = limit == Time::never() || ended_early_ ? std::max(now_, Simulation::now()) : limit;
    return std::nullopt;
  }
  const auto first = arrived_.begin();
  const Delivery delivery = first->second;
  arrived_.erase(first);
  now_ = delivery.at;
  return delivery;
}

void Ns3Network::run_out() {
  if (flights_.empty()) return;
  if (carrier_->settles()) return Simulation::run_before(Time::never());
  while (arrived_.empty()) {
    const bool hopeless = all_hopeless();
    Simulation::run_before(Simulation::now() + kLookAhead);
    if (hopeless || ended_early_) return;
  }
}

bool Ns3Network::all_hopeless() const {
  return std::all_of(flights_.begin(), flights_.end(), [this](const auto& entry) {
    const Transfer& transfer = entry.second.transfer;
    return carrier_->hopeless(transfer.from, transfer.to);
  });
}

}  // namespace

std::vector<std::string> tcp_variants() {
  std::vector<std::string> names;
  for (const auto& [name, type] : TcpCarrier::variants()) names.push_back(name);
  return names;
}

Result<std::unique_ptr<Network>> make_ns3_network(const NetworkSpec& spec, const NetworkTaps& taps) {
  if (auto checked = check_network(spec); !checked) return checked.error();
  const auto known = tcp_variants();
  if (spec.transport == Transport::tcp &&
      std::find(known.begin(), known.end(), spec.tcp_variant) == known.end())
    return Error{
        fmt::format("network: tcp must be one of {}; got \"{}\"", fmt::join(known, ", "), spec.tcp_variant),
        ExitCode::invalid_input};
  auto simulation = Simulation::take();
  if (!simulation) return simulation.error();
  ns3::RngSeedManager::SetRun(spec.seed);  // for ns-3's own random streams: back-off, PIE
  Topology topology = make_topology(spec);
  if (auto reached = associate(spec, topology); !reached) return reached.error();
  if (auto added = add_taps(topology, taps); !added) return added.error();
  return std::unique_ptr<Network>(
      std::make_unique<Ns3Network>(spec, taps, std::move(*simulation), std::move(topology)));
}

}  // namespace millrace
