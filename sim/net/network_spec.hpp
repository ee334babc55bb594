// What a network consists of, whichever simulator runs it: devices and directed links.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

class RateTrace;         // sim/net/rate_trace.hpp: piecewise constant bit rate
class DeliverySchedule;  // sim/net/delivery_schedule.hpp: Mahimahi delivery opportunities

// Traces are shared because many links replay one file; they are immutable.
using LinkRate =
    std::variant<BitRate, std::shared_ptr<const RateTrace>, std::shared_ptr<const DeliverySchedule>>;

// A value over time, step by step: `values[i].second` from `values[i].first` on, the first at 0.
template <class Value>
struct Series {
  std::vector<std::pair<Duration, Value>> values;
  Duration end;       // after the last step
  bool loops = true;  // from `end` on again from the start; else the last value stays
  Duration offset{};  // where in the series time 0 is
  Value at(Time t) const {
    Duration within = t.since_start() + offset;
    if (loops) within = Duration::ns(within.count_ns() % end.count_ns());
    const auto later = [](Duration limit, const auto& step) { return limit < step.first; };
    return std::prev(std::upper_bound(values.begin(), values.end(), within, later))->second;
  }
};

// A value that changes at given instants; until the first of them it may be a series.
template <class Value>
class Scheduled {
 public:
  Scheduled(Value value = {}) : steps_{{Time::zero(), value}} {}  // NOLINT: a constant is one
  // REQUIRES at least one value, the first at 0, rising times below end > 0, offset >= 0.
  explicit Scheduled(std::shared_ptr<const Series<Value>> series)
      : steps_{{Time::zero(), series->at(Time::zero())}}, series_(std::move(series)) {}
  // REQUIRES `from` not before any instant given so far; at an equal one the later call counts.
  void set(Time from, Value value) {
    MR_CHECK(from >= steps_.back().first, "changes are given in order");
    steps_.emplace_back(from, value);
  }
  Value at(Time t) const {
    if (series_ && (constant_steps() || t < steps_[1].first)) return series_->at(t);
    const auto later = [](Time limit, const auto& step) { return limit < step.first; };
    return std::prev(std::upper_bound(steps_.begin(), steps_.end(), t, later))->second;
  }
  bool constant() const { return constant_steps() && !series_; }
  // The changes, from time 0 on; and the series in force until the second change (null: the first value).
  const std::vector<std::pair<Time, Value>>& steps() const { return steps_; }
  const Series<Value>* series() const { return series_.get(); }

 private:
  bool constant_steps() const { return steps_.size() == 1; }
  std::vector<std::pair<Time, Value>> steps_;  // at least one; from time 0 on
  std::shared_ptr<const Series<Value>> series_;
};

struct LinkSpec {
  DeviceId from, to;
  LinkRate rate;
  // Propagation, >= 0: as it is when the last bit of a packet has left. Packets do not overtake each other.
  Scheduled<Duration> delay{};
  Bytes queue = kDefaultQueue;  // waits in the device; sim/net/README.md says what it means per transport
  // Independent probability per packet when its last bit has left: 0 to 1, and below 1 in the end.
  Scheduled<double> loss = 0.0;
  std::optional<GilbertElliott> loss_model{};  // replaces `loss` until its first change
  QueueDiscipline discipline = QueueDiscipline::drop_tail;
  Bytes overhead{};  // of layer 2, per packet
  // For one direction between two members of a medium: the medium's index in NetworkSpec::segments. Rate,
  // delay and queue are then the segment's.
  std::optional<std::uint32_t> segment{};
};

// A medium that several devices share. Every ordered pair of its members has a LinkSpec.
struct SegmentSpec {
  // What only Wi-Fi has.
  struct Wifi {
    std::optional<DeviceId> access_point{};  // absent: ad hoc
    std::string standard{}, rate_control{};
    std::vector<double> distances_m{};  // of each member
  };
  std::string name;
  SegmentKind kind{};  // csma or wifi: a star is links
  std::vector<DeviceId> members{};
  BitRate rate{};    // csma
  Duration delay{};  // csma
  Bytes queue = kDefaultQueue;
  Wifi wifi{};
};

// Other traffic on the links. See CrossTrafficSection for the meaning of the numbers.
struct CrossTrafficSpec {
  DeviceId from, to;
  CrossTrafficKind kind = CrossTrafficKind::on_off;
  BitRate rate{};
  Duration on{}, off{};
  PeriodKind periods = PeriodKind::constant;
  Time start{};
  Time stop = Time::never();
};

struct NetworkSpec {
  std::vector<std::string> devices;  // names, indexed by DeviceId; devices that only forward come last
  std::vector<LinkSpec> links{};     // at most one per ordered pair
  std::vector<SegmentSpec> segments{};
  std::vector<CrossTrafficSpec> cross_traffic{};
  // Pairs whose TCP connection is open at time 0; those of other pairs are opened at their first transfer.
  std::vector<std::pair<DeviceId, DeviceId>> connections{};
  Transport transport = Transport::tcp;
  std::string tcp_variant = "cubic";  // cubic | bbr | newreno …; checked by the ns-3 network
  Bytes mtu = Bytes(1500);            // IP packet on the wire
  std::uint64_t seed = 1;             // for loss
};

}  // namespace millrace
