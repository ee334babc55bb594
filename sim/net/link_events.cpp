#include "sim/net/link_events.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

Error invalid(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

// Builds a rate over time piece by piece: the rate in force from one event to the next.
class Composition {
 public:
  explicit Composition(std::shared_ptr<const RateTrace> trace) : trace_(std::move(trace)) {}

  // Appends the steps of the rate in force up to `at`.
  Result<void> advance(Time at) {
    while (now_ < at) {
      if (steps_.size() > RateTrace::kMaxSteps)
        return invalid(fmt::format("events: a link may change its rate {} times until its last event",
                                   RateTrace::kMaxSteps));
      steps_.push_back({now_.since_start(), up_ ? trace_->rate_at(now_ - started_) : BitRate(0)});
      now_ = up_ ? std::min(at, next_change()) : at;
    }
    return {};
  }
  void set(LinkState state) { up_ = state == LinkState::up; }
  void set(std::shared_ptr<const RateTrace> trace) {
    trace_ = std::move(trace);
    started_ = now_.since_start();
  }

  // The whole rate, with the one in force now continuing without end.
  Result<RateTrace> finish() {
    if (!up_) return ended(BitRate(0));
    const Duration phase = trace_->phase(now_ - started_);
    if (trace_->at_end() == TraceEnd::hold && phase >= trace_->duration())
      return ended(trace_->step(trace_->size() - 1).rate);
    if (trace_->at_end() == TraceEnd::once && phase >= trace_->duration()) return ended(BitRate(0));
    const Time from = now_;
    const Time loop = from + (std::max(phase, trace_->loop_from()) - phase);
    const Time end = trace_->at_end() == TraceEnd::loop ? loop + (trace_->duration() - trace_->loop_from())
                                                        : from + (trace_->duration() - phase);
    if (auto written = advance(end); !written) return written.error();
    const bool loops = trace_->at_end() == TraceEnd::loop;
    return RateTrace::make(std::move(steps_), end.since_start(), trace_->at_end(),
                           loops ? loop.since_start() : Duration{});
  }

 private:
  Result<RateTrace> ended(BitRate rate) {
    steps_.push_back({now_.since_start(), rate});
    return RateTrace::make(std::move(steps_), now_.since_start() + Duration::s(1), TraceEnd::hold);
  }

  Time next_change() const {
    const Duration phase = trace_->phase(now_ - started_);
    return phase < trace_->duration() ? now_ + (trace_->next_step(phase) - phase) : Time::never();
  }

  std::shared_ptr<const RateTrace> trace_;
  Duration started_;  // the instant, since 0, at which the trace began
  bool up_ = true;
  Time now_;
  std::vector<RateStep> steps_;
};

}  // namespace

Result<LinkSpec> with_events(LinkSpec link, const std::vector<LinkEvent>& events) {
  Composition rate(rate_trace_of(link.rate));
  bool rate_changes = false;
  Time before;
  for (const auto& event : events) {
    if (event.at < before) return invalid("events: a link's events must be in the order of time");
    before = event.at;
    if (const auto* delay = std::get_if<DelayChange>(&event.change)) {
      link.delay.set(event.at, delay->delay);
      continue;
    }
    if (const auto* loss = std::get_if<LossChange>(&event.change)) {
      link.loss.set(event.at, loss->loss);
      continue;
    }
    rate_changes = true;
    if (auto advanced = rate.advance(event.at); !advanced) return advanced.error();
    if (const auto* state = std::get_if<LinkState>(&event.change))
      rate.set(*state);
    else
      rate.set(rate_trace_of(std::get<LinkRate>(event.change)));
  }
  if (!rate_changes) return link;
  auto made = rate.finish();
  if (!made) return made.error();
  link.rate = std::make_shared<const RateTrace>(std::move(*made));
  return link;
}

}  // namespace millrace
