// What passed each link, interval by interval, in bytes of packets as they are on the wire. A network is told
// to fill one and is not changed by it. Surprising fact: what a link carried is kept as positions on its
// cumulative capacity, so a packet or message that spans intervals is divided exactly and a link is never
// used by more than all of it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "sim/net/expected_loss.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// Of one interval, but for `queued`. offered = delivered + dropped + lost, but for what is still waiting.
struct LinkInterval {
  Bytes offered;      // handed to the link's sending end
  Bytes delivered;    // left it, and not lost on the way
  Bytes dropped;      // found its queue full
  Bytes lost;         // on the way, for good
  Bytes queued;       // waiting at the interval's end, the packet being sent included
  Nanobits carried;   // what the link did, repetitions and later losses included
  Nanobits capacity;  // what it could have done
};

class LinkMeter {
 public:
  // Of all links together; what comes later is not kept.
  static constexpr std::size_t kMaxIntervals = 2'000'000;
  // Of one link, where the meter chooses.
  static constexpr Duration kFirstInterval = Duration::s(1);
  static constexpr std::size_t kChosenIntervals = 1'024;

  // Without an interval it begins with kFirstInterval and doubles it, merging what it has, whenever a link
  // would have more than kChosenIntervals. REQUIRES interval > 0.
  LinkMeter(const NetworkSpec& spec, std::optional<Duration> interval);

  // Instants of one link never decrease, nor do positions.
  void offered(LinkId link, Time at, Bytes size);
  void delivered(LinkId link, Time at, Bytes size) { interval_at(link, at).delivered += size; }
  void dropped(LinkId link, Time at, Bytes size) { interval_at(link, at).dropped += size; }
  void lost(LinkId link, Time at, Bytes size) { interval_at(link, at).lost += size; }
  // From one position on the link's cumulative capacity to another, also beyond now; `delivered` bytes arrive
  // evenly on the way.
  void carried(LinkId link, Nanobits from, Nanobits to, Bytes delivered);
  // The same, with what arrives divided as the link's loss lets it through.
  struct Span {
    Nanobits from, to;
    Bytes delivered;
  };
  void carried(LinkId link, const LossyCapacity& capacity, const Span& span);
  // The same for links without positions (delivery schedules): all at once.
  void carried_at(LinkId link, Time at, Bytes size) {
    interval_at(link, at).carried += nanobits(size);
    links_[link.value].total += nanobits(size);
  }
  // All that was told so far, also what a link carries later.
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
    std::deque<Span> spans;   // not in `intervals` yet
    std::size_t current = 0;  // the interval; its end on the cumulative axis:
    Nanobits current_end = 0;
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
  LinkInterval beyond_{};  // where what comes after the limit goes
};

}  // namespace millrace
