#include "sim/run/reckoned_link.hpp"

#include <algorithm>
#include <map>

#include "sim/net/expected_loss.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace millrace {

namespace {

constexpr int kSamples = 64;  // of a delay, over a span

// The maximum of cumulative(T)/T over all T >= `least`: at `least`, at the steps of the following round, or
// in the limit.
double highest_mean(const RateTrace& trace, Duration least) {
  const auto mean = [&](Duration until) {
    return static_cast<double>(trace.cumulative(Time::zero() + until)) * 1e-9 / until.seconds();
  };
  const auto last = static_cast<double>(trace.rate_at(Time::zero() + trace.duration()).bit_per_s());
  double most = trace.at_end() == TraceEnd::hold ? last : 0;
  if (trace.at_end() == TraceEnd::loop) {
    const auto round =
        static_cast<double>(trace.total() - trace.cumulative(Time::zero() + trace.loop_from()));
    most = round * 1e-9 / (trace.duration() - trace.loop_from()).seconds();
  }
  Duration at = least;
  if (at > Duration{}) {
    most = std::max(most, mean(at));
  } else {
    most = std::max(most, static_cast<double>(trace.rate_at(Time::zero()).bit_per_s()));
  }
  const Duration end = least + trace.duration();
  while (at < end) {
    const Duration phase = trace.phase(Time::zero() + at);
    if (phase >= trace.duration()) break;  // the time after that is handled above
    at = at + (trace.next_step(phase) - phase);
    most = std::max(most, mean(at));
  }
  return most;
}

template <class Value>
Value least_of(const Scheduled<Value>& scheduled) {
  Value least = scheduled.steps().front().second;
  for (const auto& step : scheduled.steps()) least = std::min(least, step.second);
  if (const auto* series = scheduled.series())
    for (const auto& step : series->values) least = std::min(least, step.second);
  return least;
}

// Links that replay the same trace share the answer: a trace may have millions of steps.
using HighestMeans = std::map<const RateTrace*, double>;

ReckonedLink at_best(const LinkSpec& link, Duration least, HighestMeans& known) {
  const auto trace = rate_trace_of(link.rate);
  const auto shared = std::holds_alternative<BitRate>(link.rate) ? nullptr : trace.get();
  const auto found = shared != nullptr ? known.find(shared) : known.end();
  const double most = found != known.end() ? found->second : highest_mean(*trace, least);
  if (shared != nullptr) known[shared] = most;
  const double loss =
      link.loss_model ? std::min(link.loss_model->mean_loss(), least_of(link.loss)) : least_of(link.loss);
  return {most * (1 - loss), least_of(link.delay).seconds()};
}

// The mean weighted by time. Of a loss with more changes than kMostChanges, the rest counts like the part
// before.
double mean_loss(const LinkSpec& link, Time from, Time until) {
  constexpr int kMostChanges = 100'000;
  double lost_s = 0;
  Time at = from;
  for (int changes = 0; at < until && changes < kMostChanges; ++changes) {
    const Time next = std::min(until, loss_changes_after(link.loss, link.loss_model, at));
    lost_s += loss_at(link.loss, link.loss_model, at) * (next - at).seconds();
    at = next;
  }
  return lost_s / (at - from).seconds();
}

double mean_delay_s(const LinkSpec& link, Time from, Time until) {
  if (link.delay.constant()) return link.delay.at(from).seconds();
  const double span_s = (until - from).seconds();
  double delay_s = 0;
  for (int i = 0; i < kSamples; ++i) {
    const Time at = from + Duration::from_seconds(span_s * (i + 0.5) / kSamples);
    delay_s += link.delay.at(at).seconds() / kSamples;
  }
  return delay_s;
}

ReckonedLink over_a_span(const LinkSpec& link, Time from, Time until) {
  const auto trace = rate_trace_of(link.rate);
  const double offered = static_cast<double>(trace->cumulative(until) - trace->cumulative(from)) * 1e-9;
  return {offered / (until - from).seconds() * (1 - mean_loss(link, from, until)),
          mean_delay_s(link, from, until)};
}

// The end of the interval for means: one round of the series, or one second after the last event, as for
// rates in with_events().
template <class Value>
Time whole(const Scheduled<Value>& scheduled) {
  constexpr Duration kOfTheRest = Duration::s(1);
  if (scheduled.steps().size() > 1) return scheduled.steps().back().first + kOfTheRest;
  const auto* series = scheduled.series();
  if (series == nullptr) return Time::zero() + kOfTheRest;
  if (series->loops) return Time::zero() + series->end;
  return Time::zero() + (series->offset < series->end ? series->end - series->offset : kOfTheRest);
}

ReckonedLink as_a_rule(const LinkSpec& link) {
  const double lost = link.loss.constant() ? loss_at(link.loss, link.loss_model, Time::zero())
                                           : mean_loss(link, Time::zero(), whole(link.loss));
  return {trace_statistics(link.rate).mean_mbit_per_s * 1e6 * (1 - lost),
          mean_delay_s(link, Time::zero(), whole(link.delay))};
}

}  // namespace

bool changes(const LinkSpec& link) {
  if (!link.delay.constant() || !link.loss.constant() || link.loss_model) return true;
  if (link.loss.at(Time::zero()) > 0) return true;
  if (std::holds_alternative<BitRate>(link.rate)) return false;
  const auto trace = rate_trace_of(link.rate);
  return trace->size() > 1 || (trace->at_end() == TraceEnd::once);
}

std::vector<ReckonedLink> reckoned(const NetworkSpec& spec, const LinkReckoning& how) {
  std::vector<ReckonedLink> links;
  HighestMeans highest;
  for (const auto& link : spec.links) {
    const bool steady = !changes(link);
    if (how.at_best && !steady) {
      links.push_back(at_best(link, *how.at_best, highest));
    } else if (how.span && !steady) {
      links.push_back(over_a_span(link, how.span->first, how.span->second));
    } else {
      links.push_back(as_a_rule(link));
    }
    if (!steady) links.back().bit_per_s *= how.scale;
  }
  return links;
}

}  // namespace millrace
