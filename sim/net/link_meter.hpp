// What passed each link, interval by interval, in bytes of packets as they are on the wire. A network fills
// the meter; the meter does not change the network. Surprising fact: what a link carried is kept as positions
// on its cumulative capacity, so a packet or message that spans intervals is divided exactly, and a link's
// utilization never exceeds 1.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "sim/net/expected_loss.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// All of one interval, except `queued`. offered = delivered + dropped + lost, except for what still waits.
struct LinkInterval {
  Bytes offered;      // handed to the link's sending end
  Bytes delivered;    // left the sending end and not lost on the way
  Bytes dropped;      // found its queue full
  Bytes lost;         // on the way, for good
  Bytes queued;       // waiting at the interval's end, the packet being sent included
  Nanobits carried;   // sent over the link, repetitions and packets lost later included
  Nanobits capacity;  // what the link could have sent
};

class LinkMeter {
 public:
  // Intervals of all links together; later ones are not kept.
  static constexpr std::size_t kMaxIntervals = 2'000'000;
  // For one link, where the meter chooses the interval.
  static constexpr Duration kFirstInterval = Duration::s(1);
  static constexpr std::size_t kChosenIntervals = 1'024;

  // Without an interval the meter begins with kFirstInterval and doubles it, merging what it has, whenever a
  // link would have more than kChosenIntervals. REQUIRES interval > 0.
  LinkMeter(const NetworkSpec& spec, std::optional<Duration> interval);

  // Instants of one link never decrease, nor do positions.
  void offered(LinkId link, Time at, Bytes size);
  void delivered(LinkId link, Time at, Bytes size) { interval_at(link, at).delivered += size; }
  void dropped(LinkId link, Time at, Bytes size) { interval_at(link, at).dropped += size; }
  void lost(LinkId link, Time at, Bytes size) { interval_at(link, at).lost += size; }
  // The link carries from one position on its cumulative capacity to another, possibly beyond now;
  // `delivered` bytes arrive evenly on the way.
  void carried(LinkId link, Nanobits from, Nanobits to, Bytes delivered);
  // The same, with the delivered bytes distributed according to the link's loss.
  struct Span {
    Nanobits from, to;
    Bytes delivered;
  };
  void carried(LinkId link, const LossyCapacity& capacity, const Span& span);
  // For links without positions (delivery schedules): all of it at `at`.
  void carried_at(LinkId link, Time at, Bytes size) {
    interval_at(link, at).carried += nanobits(size);
    links_[link.value].total += nanobits(size);
  }
  // All that was reported as carried so far, including what the link carries later than now.
  Nanobits total(LinkId link) const { return links_[link.value].total; }

  // The intervals of a link over [0, end), the last one perhaps shorter. At most limit() of them. interval()
  // may be longer afterwards.
  std::vector<LinkInterval> intervals(LinkId link, Time end);
  Duration interval() const { return interval_; }
  std::size_t links() const { return links_.size(); }
  std::size_t limit() const { return limit_; }

 private:
  struct Link {
    std::shared_ptr<const RateTrace> trace;
    std::vector<LinkInterval> intervals;
    std::deque<Span> spans;    // not in `intervals` yet
    std::size_t current = 0;   // index of the current interval
    Nanobits current_end = 0;  // its end on the cumulative axis
    Nanobits total = 0;
  };
  LinkInterval& interval_at(LinkId link, Time at);
  LinkInterval& at_index(Link& link, std::size_t index);
  std::size_t index_of(Time at) const;
  void make_room(Time at);
  Time begin_of(std::size_t index) const;
  void settle(Link& link, Time until);
  void add(Link& link, Nanobits carried, Bytes delivered);
  bool move_to(Link& link, Nanobits position);

  Duration interval_;
  bool chooses_;
  std::size_t limit_;
  std::vector<Link> links_;
  LinkInterval beyond_{};  // takes what comes after the limit
};

}  // namespace millrace
