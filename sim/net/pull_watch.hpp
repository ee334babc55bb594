// Whether a pull of a network (Network::run_until) is to end before its limit: asks the taps' `audit` and
// `stop`. Networks report each of their events to it.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/net/network_taps.hpp"

namespace millrace {

class PullWatch {
 public:
  explicit PullWatch(const NetworkTaps& taps) : audit_(taps.audit), stop_(taps.stop) {}

  // Whether there is an audit or a `stop` to ask.
  bool listens() const { return audit_ != nullptr || stop_ != nullptr; }
  // Call just before each event runs, with its instant. True: this pull ends here.
  bool ends_at(Time due) {
    if (audit_ != nullptr && !audit_->note(Lateness::network_event, due)) return true;
    if (stop_ == nullptr || ++events_ < question_) return false;
    question_ = events_ + NetworkTaps::kEventsPerQuestion;
    return stop_();
  }
  // The current event took as long as `events` more.
  void worked(std::uint64_t events) { events_ += events; }

 private:
  LatenessAudit* audit_;
  std::function<bool()> stop_;
  std::uint64_t events_ = 0;
  std::uint64_t question_ = NetworkTaps::kEventsPerQuestion;  // value of events_ at the next call of stop_
};

}  // namespace millrace
