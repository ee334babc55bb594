// Whether a pull of a network (Network::run_until) is to end before its limit: the taps' audit and their
// question `stop`. For the networks themselves, which tell it of each of their events.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/net/network_taps.hpp"

namespace millrace {

class PullWatch {
 public:
  explicit PullWatch(const NetworkTaps& taps) : audit_(taps.audit), stop_(taps.stop) {}

  // Whether anybody wants to hear of events.
  bool listens() const { return audit_ != nullptr || stop_ != nullptr; }
  // Told of each event just before it runs, with its instant. True: this pull ends here.
  bool ends_at(Time due) {
    if (audit_ != nullptr && !audit_->note(Lateness::network_event, due)) return true;
    if (stop_ == nullptr || ++events_ < question_) return false;
    question_ = events_ + NetworkTaps::kEventsPerQuestion;
    return stop_();
  }
  // An event took as long as `events` more of them.
  void worked(std::uint64_t events) { events_ += events; }

 private:
  LatenessAudit* audit_;
  std::function<bool()> stop_;
  std::uint64_t events_ = 0;
  std::uint64_t question_ = NetworkTaps::kEventsPerQuestion;  // after how many events it is asked next
};

}  // namespace millrace
