#include "sim/run/stuck.hpp"

#include <fmt/format.h>

#include "sim/net/delivery_schedule.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/net/routes.hpp"

namespace millrace {
namespace {

// The network stands at its last event, but a link that stops later may be the cause. Traces and events end
// before this.
constexpr Time kEver = Time::zero() + Duration::s(2'000'000'000);
// From this loss on, loss is named as the cause: TCP gives connections up.
constexpr double kHeavyLoss = 0.5;
// Beyond this distance, Wi-Fi of any supported standard and rate is hard to receive.
constexpr double kFarAway_m = 30;

bool carries_for_ever(const LinkRate& rate) {
  if (const auto* constant = std::get_if<BitRate>(&rate)) return constant->bit_per_s() > 0;
  if (const auto* trace = std::get_if<std::shared_ptr<const RateTrace>>(&rate))
    return (*trace)->when((*trace)->cumulative(kEver) + 1).has_value();
  return true;  // a delivery schedule repeats
}

class Diagnosis {
 public:
  Diagnosis(const Scenario& scenario, const NetworkSpec& spec, Time at)
      : scenario_(scenario), spec_(spec), at_(at) {}

  // Empty if no cause is visible.
  std::string of(const LinkSpec& link) const {
    if (!carries_for_ever(link.rate)) return no_rate(link);
    const double loss = link.loss_model && link.loss.at(at_) == link.loss.steps().front().second
                            ? link.loss_model->mean_loss()
                            : link.loss.at(at_);
    if (loss >= kHeavyLoss)
      return fmt::format("link {} loses {:.4g} % of its packets; lower its loss", name(link), 100 * loss);
    return link.segment ? out_of_reach(link, spec_.segments[*link.segment]) : std::string();
  }

  std::string name(const LinkSpec& link) const { return device(link.from) + " -> " + device(link.to); }

 private:
  const std::string& device(DeviceId id) const { return spec_.devices.at(id.value); }

  std::string no_rate(const LinkSpec& link) const {
    const EventSection* last = nullptr;
    for (const auto& event : scenario_.events) {
      const bool own = event.from == device(link.from) && event.to == device(link.to);
      if (own && event.up && (last == nullptr || last->at <= event.at)) last = &event;
    }
    if (last != nullptr && !*last->up)
      return fmt::format(
          "an event took link {} down at {:g} s, and none brings it up again; add one with "
          "`state: up`",
          name(link), last->at.seconds());
    return fmt::format(
        "link {} carries nothing any more: its trace has ended or stays at 0; trace_end: loop "
        "plays it again",
        name(link));
  }

  std::string out_of_reach(const LinkSpec& link, const SegmentSpec& segment) const {
    if (segment.kind != SegmentKind::wifi) return {};
    for (std::size_t i = 0; i < segment.members.size(); ++i) {
      const bool end = segment.members[i] == link.from || segment.members[i] == link.to;
      const bool hub = segment.wifi.access_point == segment.members[i];
      if (end && !hub && segment.wifi.distances_m[i] >= kFarAway_m)
        return fmt::format(
            "{} is {:g} m from the {} of Wi-Fi {}, which {} does not reach; give it a smaller "
            "distance",
            device(segment.members[i]), segment.wifi.distances_m[i],
            segment.wifi.access_point ? "access point" : "centre", segment.name, segment.wifi.standard);
    }
    return {};
  }

  const Scenario& scenario_;
  const NetworkSpec& spec_;
  Time at_;
};

}  // namespace

std::string why_nothing_arrives(const Scenario& scenario, const NetworkSpec& spec, DeviceId from, DeviceId to,
                                Time at) {
  const Diagnosis diagnosis(scenario, spec, at);
  std::string way;
  for (const LinkId id : Routes(spec).path(from, to)) {
    const auto& link = spec.links[id.value];
    if (auto found = diagnosis.of(link); !found.empty()) return found;
    way += (way.empty() ? "link " : ", ") + diagnosis.name(link);
  }
  return way + " carries nothing";
}

}  // namespace millrace
