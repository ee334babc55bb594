#include "sim/net/link_meter.hpp"

#include <algorithm>

#include "sim/net/link_rate.hpp"

namespace millrace {

LinkMeter::LinkMeter(const NetworkSpec& spec, std::optional<Duration> interval)
    : interval_(interval.value_or(kFirstInterval)),
      chooses_(!interval),
      limit_(std::max<std::size_t>(1, kMaxIntervals / std::max<std::size_t>(1, spec.links.size()))) {
  MR_CHECK(interval_ > Duration{});
  if (chooses_) limit_ = std::min(limit_, kChosenIntervals);
  links_.resize(spec.links.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    links_[i].trace = rate_trace_of(spec.links[i].rate);
    links_[i].current_end = links_[i].trace->cumulative(begin_of(1));
  }
}

Time LinkMeter::begin_of(std::size_t index) const {
  const auto count = static_cast<std::int64_t>(index);
  const auto most = RateTrace::kHorizon.count_ns() / interval_.count_ns();
  return count > most ? RateTrace::kHorizon : Time::zero() + interval_ * count;
}

std::size_t LinkMeter::index_of(Time at) const {
  return static_cast<std::size_t>(at.count_ns() / interval_.count_ns());
}

// Doubles the interval until the interval that holds this instant is within the limit.
void LinkMeter::make_room(Time at) {
  while (chooses_ && index_of(at) >= limit_) {
    interval_ = interval_ + interval_;
    for (Link& link : links_) {
      for (std::size_t i = 0; i < link.intervals.size(); ++i) {
        const LinkInterval one = link.intervals[i];
        LinkInterval& both = link.intervals[i / 2];
        if (i % 2 == 0) {
          both = one;
          continue;
        }
        both.offered += one.offered;
        both.delivered += one.delivered;
        both.dropped += one.dropped;
        both.lost += one.lost;
        both.carried += one.carried;
      }
      link.intervals.resize((link.intervals.size() + 1) / 2);
      link.current /= 2;
      link.current_end = link.trace->cumulative(begin_of(link.current + 1));
    }
  }
}

LinkInterval& LinkMeter::at_index(Link& link, std::size_t index) {
  if (index >= limit_) return beyond_;
  if (index >= link.intervals.size()) link.intervals.resize(index + 1);
  return link.intervals[index];
}

LinkInterval& LinkMeter::interval_at(LinkId link, Time at) {
  make_room(at);
  return at_index(links_[link.value], index_of(at));
}

void LinkMeter::offered(LinkId link, Time at, Bytes size) {
  settle(links_[link.value], at);
  interval_at(link, at).offered += size;
}

void LinkMeter::carried(LinkId link, Nanobits from, Nanobits to, Bytes delivered) {
  MR_CHECK(from <= to);
  links_[link.value].total += to - from;
  auto& spans = links_[link.value].spans;
  MR_CHECK(spans.empty() || spans.back().to <= from, "positions are given in order");
  spans.push_back({from, to, delivered});
}

void LinkMeter::carried(LinkId link, const LossyCapacity& capacity, const Span& span) {
  const Nanobits whole = capacity.useful(span.from, span.to);
  Nanobits through = 0;
  Bytes told;
  capacity.stretches(span.from, span.to, [&](Nanobits from, Nanobits to, Nanobits useful) {
    through += useful;
    Bytes arrived = span.delivered;
    if (to != span.to) arrived = Bytes(static_cast<std::int64_t>(through * span.delivered.count() / whole));
    carried(link, from, to, arrived - told);
    told = arrived;
  });
}

void LinkMeter::add(Link& link, Nanobits carried, Bytes delivered) {
  LinkInterval& here = at_index(link, link.current);
  here.carried += carried;
  here.delivered += delivered;
}

// Moves to the interval in which the bit after `position` leaves. False if it never leaves.
bool LinkMeter::move_to(Link& link, Nanobits position) {
  if (position < link.current_end) return true;
  const auto leaves = link.trace->departure(position);
  if (!leaves) return false;
  make_room(*leaves);
  link.current = index_of(*leaves);
  link.current_end = link.trace->cumulative(begin_of(link.current + 1));
  return true;
}

// Divides what is carried before `until` among its intervals.
void LinkMeter::settle(Link& link, Time until) {
  if (link.spans.empty()) return;
  const Nanobits reached = link.trace->cumulative(until);
  while (!link.spans.empty() && link.spans.front().from < reached) {
    Span& span = link.spans.front();
    if (!move_to(link, span.from)) return;
    const Nanobits stop = std::min({span.to, reached, link.current_end});
    const auto share = static_cast<std::int64_t>(Nanobits{span.delivered.count()} * (stop - span.from) /
                                                 (span.to - span.from));
    add(link, stop - span.from, Bytes(share));
    span.delivered -= Bytes(share);
    span.from = stop;
    if (span.from == span.to) link.spans.pop_front();
  }
}

std::vector<LinkInterval> LinkMeter::intervals(LinkId id, Time end) {
  Link& link = links_[id.value];
  settle(link, end);
  make_room(end);
  const std::size_t whole = index_of(end);
  const std::size_t count = std::min(limit_, whole + (begin_of(whole) < end ? 1 : 0));
  std::vector<LinkInterval> all(
      link.intervals.begin(),
      link.intervals.begin() + static_cast<std::ptrdiff_t>(std::min(count, link.intervals.size())));
  all.resize(count);
  Bytes queued;
  Nanobits before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Nanobits after = link.trace->cumulative(std::min(end, begin_of(i + 1)));
    all[i].capacity = after - before;
    before = after;
    queued += all[i].offered - all[i].delivered - all[i].dropped - all[i].lost;
    all[i].queued = queued;
  }
  return all;
}

}  // namespace millrace
