#include "sim/doctor/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/trace/trace_statistics.hpp"

namespace millrace {
namespace {

// Events may halve or double a rate: the largest rate that the link ever has counts.
double fastest(const LinkRate& rate, const TraceStatistics& statistics) {
  if (const auto* constant = std::get_if<BitRate>(&rate)) return constant->mbit_per_s();
  return statistics.max_mbit_per_s;
}

LinkDemand demand_of(const NetworkSpec& spec, const LinkSpec& link, const Carried* carried) {
  const auto statistics = trace_statistics(link.rate);
  LinkDemand demand{.from = spec.devices[link.from.value],
                    .to = spec.devices[link.to.value],
                    .mean_mbit_per_s = statistics.mean_mbit_per_s,
                    .max_mbit_per_s = fastest(link.rate, statistics)};
  if (carried != nullptr && carried->mbit_per_s > 0) {
    demand.mean_share = demand.mean_mbit_per_s / carried->mbit_per_s;
    demand.max_share = demand.max_mbit_per_s / carried->mbit_per_s;
  }
  return demand;
}

void judge_network(const NetworkSpec& spec, const Carried* carried, Verdict& verdict) {
  if (carried == nullptr) return verdict.sentences.emplace_back("the fluid network carries any rate"), void();
  for (const LinkSpec& link : spec.links) {
    verdict.links.push_back(demand_of(spec, link, carried));
    verdict.share_of_all += verdict.links.back().max_share;
  }
  for (const LinkDemand& link : verdict.links) {
    if (link.max_share <= 1) continue;
    verdict.fitness = Fitness::no;
    verdict.sentences.push_back(fmt::format(
        "link {} -> {} can carry {:.4g} Mbit/s, {:.1f} times what this machine carries in packets "
        "of {} B ({:.4g} Mbit/s); lower its rate, raise network.mtu, or use mode cosim",
        link.from, link.to, link.max_mbit_per_s, link.max_share, spec.mtu.count(), carried->mbit_per_s));
  }
  if (verdict.fitness == Fitness::no) return;
  const std::string share = fmt::format("all links at their fastest at once take {:.0f} % of the wall clock",
                                        100 * verdict.share_of_all);
  if (verdict.share_of_all > kComfortable) {
    verdict.fitness = Fitness::perhaps;
    verdict.sentences.push_back(share +
                                "; it depends on what the pipeline sends, and the run says so if it "
                                "cannot keep up");
  } else {
    verdict.sentences.push_back(share);
  }
}

// Uses the 99th percentile (nearest rank): an ordinary run meets such a lateness many times.
void judge_machine(const Scenario& scenario, const Machine& machine, Verdict& verdict) {
  const Duration limit = scenario.run.lateness_limit;
  if (machine.sleeps.count() > 0 && machine.sleeps.percentile(0.99) > limit) {
    verdict.fitness = Fitness::no;
    verdict.sentences.push_back(fmt::format(
        "sleeps end up to {:.3f} ms late here (p99), and run.lateness_limit is {:g} ms; end other "
        "programs, or raise it",
        machine.sleeps.percentile(0.99).milliseconds(), limit.milliseconds()));
  }
  const auto stages = static_cast<unsigned>(std::count_if(scenario.devices.begin(), scenario.devices.end(),
                                                          [](const DeviceSection& d) { return d.stage; }));
  if (stages + 1 > machine.processors)
    verdict.sentences.push_back(fmt::format(
        "{} devices compute beside the network on {} processors: work may outlast its profile when all are "
        "busy; agents on other machines (--agents) help",
        stages, machine.processors));
}

}  // namespace

Verdict judge(const Scenario& scenario, const NetworkSpec& spec, const Machine& machine,
              const Carried* carried) {
  Verdict verdict;
  judge_network(spec, carried, verdict);
  judge_machine(scenario, machine, verdict);
  return verdict;
}

}  // namespace millrace
