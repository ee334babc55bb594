// RealLinks: what its links carry, measured before a run.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/links/link_probe.hpp"
#include "sim/links/packet_probe.hpp"
#include "sim/links/real_links.hpp"
#include "sim/net/routes.hpp"

namespace millrace {
namespace {

constexpr int kProbes = 3;
// What the machine itself adds, when it is busy, is within this.
constexpr Duration kDelayTolerance = Duration::ms(1);

// The loss at time 0, and how many packets in a row a loss takes in the mean.
std::pair<double, double> loss_at_rest(const LinkSpec& link) {
  if (!link.loss_model) return {link.loss.at(Time::zero()), 1};
  const auto& model = *link.loss_model;
  return {model.mean_loss(), 1 / std::max(model.r, 1e-6)};
}

}  // namespace

Result<RealLinks::Probed> RealLinks::probe_link(std::size_t link) {
  const auto& spec = spec_.links[link];
  Probed result{spec_.devices[spec.from.value], spec_.devices[spec.to.value], shaped_[link].peak, {}};
  const auto name = fmt::format("link {} -> {}", result.from, result.to);
  for (int attempt = 0; attempt < kProbes; ++attempt) {
    const auto measured =
        measure_link({device(spec.from), device(spec.to), address(spec.to), result.asked, spec_.mtu});
    if (auto emptied = empty_queues(link); !emptied) return emptied.error().in("probing " + name);
    if (!measured) return measured.error().in("probing " + name);
    result.measured = *measured;
    const double ratio = measured->mbit_per_s() / result.asked.mbit_per_s();
    if (std::abs(ratio - 1) <= kProbeTolerance) return result;
  }
  return Error{fmt::format("{}: asked {:.4g} Mbit/s, measured {:.4g}; it does not carry what it should", name,
                           result.asked.mbit_per_s(), result.measured.mbit_per_s()),
               ExitCode::fidelity};
}

// By packets, as what a TCP connection gets over a link that loses says little of the link.
Result<RealLinks::Probed> RealLinks::probe_packets(std::size_t link) {
  const auto& spec = spec_.links[link];
  Probed result{spec_.devices[spec.from.value], spec_.devices[spec.to.value], shaped_[link].peak, {}};
  const auto name = fmt::format("link {} -> {}", result.from, result.to);
  const auto delay = spec.delay.at(Time::zero());
  const auto [loss, burst] = loss_at_rest(spec);
  std::string finding;
  for (int attempt = 0; attempt < kProbes; ++attempt) {
    emulator_->carry_as(at_rest({}, Losses::as_asked));
    const auto found = measure_packets(
        {{device(spec.from), device(spec.to), address(spec.to), result.asked, spec_.mtu}, delay});
    if (!found) return found.error().in("probing " + name);
    result.measured = found->rate;
    result.packets = {.asked_delay = delay,
                      .measured_delay = found->delay,
                      .asked_loss = loss,
                      .sent = found->sent,
                      .received = found->received};
    // Overhead takes its time on the link and is not in the packets that are counted.
    const double payload = static_cast<double>(spec_.mtu.count()) /
                           static_cast<double>(spec_.mtu.count() + spec.overhead.count());
    const double ratio = result.measured.mbit_per_s() / (result.asked.mbit_per_s() * payload);
    const auto off = found->delay > delay ? found->delay - delay : delay - found->delay;
    finding.clear();
    if (std::abs(ratio - 1) > kProbeTolerance)
      finding = fmt::format("asked {:.4g} Mbit/s, measured {:.4g}", result.asked.mbit_per_s() * payload,
                            result.measured.mbit_per_s());
    else if (off > kDelayTolerance)
      finding = fmt::format("asked a delay of {:.4g} ms, measured {:.4g}", delay.milliseconds(),
                            found->delay.milliseconds());
    else if (!believable_loss(found->sent - found->received, found->sent, loss, burst))
      finding = fmt::format("asked a loss of {:.3g} %, {} of {} packets did not come", 100 * loss,
                            found->sent - found->received, found->sent);
    if (finding.empty()) return result;
  }
  return Error{fmt::format("{}: {}; it does not carry what it should", name, finding), ExitCode::fidelity};
}

Result<std::vector<RealLinks::Probed>> RealLinks::probe(
    const std::vector<std::pair<DeviceId, DeviceId>>& ways) {
  const Routes routes(spec_);
  std::set<std::uint32_t> used;
  for (const auto& [from, to] : ways) {
    if (from == to) continue;
    for (const auto link : routes.path(from, to)) used.insert(link.value);
  }
  std::vector<Probed> results;
  for (const auto link : used) {
    if (shaped_[link].peak == BitRate()) continue;  // never carries anything
    auto result = shaped_[link].emulated ? probe_packets(link) : probe_link(link);
    if (!result) return result.error();
    results.push_back(std::move(*result));
  }
  if (emulator_) emulator_->carry_as(at_rest(kSetUpRate, Losses::none));
  for (const auto& link : shaped_) {
    if (link.emulated || link.peak >= kSetUpRate) continue;
    if (auto set = link.bucket->set(kSetUpRate); !set) return set.error();
  }
  return results;
}

}  // namespace millrace
